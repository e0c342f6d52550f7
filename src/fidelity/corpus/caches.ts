import type { Group } from './index.ts';

/** What the kernel keeps of a file's content. */
export const pageCache: Group = {
  configurations: [
    ...([
      'through-0',
      'through-infinite',
      'keep',
      'keep-0',
      'auto-inval',
      'explicit-inval',
      'small-readahead',
    ] as const),
    ...([
      'no-readahead',
      'small-requests',
      'one-in-background',
      'back-0',
      'back-infinite',
      'back-small-requests',
    ] as const),
    ...([
      'back-one-in-background',
      'ram',
      'atomic-trunc',
      'back-atomic-trunc',
      'killpriv-v1',
      'killpriv-v2',
      'back-killpriv-v2',
    ] as const),
  ],
  scripts: {
    'sequential reads': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 write(fd3, pattern(0, 600000))
    p1 close(fd3)
    p1 fd3 = open("/a", O_RDONLY)
    p1 read(fd3, 4096)
    p1 read(fd3, 4096)
    p1 read(fd3, 4096)
    p1 read(fd3, 65536)
    p1 read(fd3, 65536)
    p1 read(fd3, 131072)
    p1 read(fd3, 131072)
    p1 read(fd3, 400000)
    p1 read(fd3, 1)
    p1 close(fd3)`,
    'sequential reads of single bytes': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 write(fd3, pattern(0, 20000))
    p1 close(fd3)
    p1 fd3 = open("/a", O_RDONLY)
    p1 read(fd3, 1)
    p1 read(fd3, 1)
    p1 lseek(fd3, 4095, SEEK_SET)
    p1 read(fd3, 2)
    p1 lseek(fd3, 12000, SEEK_SET)
    p1 read(fd3, 1)
    p1 close(fd3)`,
    'random reads': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 write(fd3, pattern(0, 1000000))
    p1 close(fd3)
    p1 fd3 = open("/a", O_RDONLY)
    p1 pread(fd3, 100, 500000)
    p1 pread(fd3, 100, 100000)
    p1 pread(fd3, 100, 900000)
    p1 pread(fd3, 10000, 300000)
    p1 pread(fd3, 100, 500100)
    p1 close(fd3)`,
    'backward reads': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 write(fd3, pattern(0, 100000))
    p1 close(fd3)
    p1 fd3 = open("/a", O_RDONLY)
    p1 pread(fd3, 4096, 94208)
    p1 pread(fd3, 4096, 90112)
    p1 pread(fd3, 4096, 86016)
    p1 pread(fd3, 4096, 0)
    p1 close(fd3)`,
    'advice changes read-ahead': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 write(fd3, pattern(0, 500000))
    p1 close(fd3)
    p1 fd3 = open("/a", O_RDONLY)
    p1 posix_fadvise(fd3, 0, 0, POSIX_FADV_RANDOM)
    p1 read(fd3, 4096)
    p1 read(fd3, 4096)
    p1 posix_fadvise(fd3, 0, 0, POSIX_FADV_SEQUENTIAL)
    p1 read(fd3, 4096)
    p1 read(fd3, 100000)
    p1 close(fd3)
    p1 fd3 = open("/a", O_RDONLY)
    p1 posix_fadvise(fd3, 0, 0, POSIX_FADV_NORMAL)
    p1 read(fd3, 4096)
    p1 close(fd3)`,
    'advice fetches and drops': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 write(fd3, pattern(0, 100000))
    p1 fsync(fd3)
    p1 posix_fadvise(fd3, 0, 0, POSIX_FADV_DONTNEED)
    p1 posix_fadvise(fd3, 0, 50000, POSIX_FADV_WILLNEED)
    p1 pread(fd3, 4096, 0)
    p1 pread(fd3, 4096, 60000)
    p1 posix_fadvise(fd3, 0, 4096, POSIX_FADV_DONTNEED)
    p1 pread(fd3, 4096, 0)
    p1 posix_fadvise(fd3, 0, 0, 17)
    p1 posix_fadvise(fd9, 0, 0, POSIX_FADV_NORMAL)
    p1 close(fd3)`,
    'what was read is kept': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 write(fd3, pattern(0, 20000))
    p1 close(fd3)
    p1 fd3 = open("/a", O_RDONLY)
    p1 pread(fd3, 20000, 0)
    p1 pread(fd3, 20000, 0)
    p1 close(fd3)
    p1 fd3 = open("/a", O_RDONLY)
    p1 pread(fd3, 20000, 0)
    p2 fd3 = open("/a", O_RDONLY)
    p2 pread(fd3, 20000, 0)
    p1 pread(fd3, 20000, 0)
    p1 close(fd3)
    p2 close(fd3)`,
    'what was written is read': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 pwrite(fd3, pattern(0, 4096), 0)
    p1 pread(fd3, 4096, 0)
    p1 pwrite(fd3, pattern(0, 100), 8192)
    p1 pread(fd3, 100, 8192)
    p1 pread(fd3, 12288, 0)
    p1 pwrite(fd3, pattern(9, 10), 4090)
    p1 pread(fd3, 20, 4085)
    p1 close(fd3)`,
    'parts of pages are written': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 pwrite(fd3, pattern(0, 20000), 0)
    p1 close(fd3)
    p1 fd3 = open("/a", O_RDWR)
    p1 pwrite(fd3, pattern(50, 100), 100)
    p1 pwrite(fd3, pattern(50, 5000), 6000)
    p1 pread(fd3, 20000, 0)
    p1 close(fd3)
    p1 fd3 = open("/a", O_WRONLY)
    p1 pwrite(fd3, pattern(60, 10), 16000)
    p1 pwrite(fd3, pattern(60, 10), 19995)
    p1 pwrite(fd3, pattern(60, 10), 30000)
    p1 close(fd3)`,
    'large writes': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 pwrite(fd3, pattern(0, 300000), 100)
    p1 fsync(fd3)
    p1 pwrite(fd3, pattern(7, 1100000), 50000)
    p1 close(fd3)`,
    'writes in small steps': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 write(fd3, pattern(0, 1000))
    p1 write(fd3, pattern(1000, 1000))
    p1 write(fd3, pattern(2000, 1000))
    p1 write(fd3, pattern(3000, 1000))
    p1 write(fd3, pattern(4000, 1000))
    p1 fsync(fd3)
    p1 write(fd3, pattern(5000, 1000))
    p1 fdatasync(fd3)
    p1 fsync(fd3)
    p1 close(fd3)`,
    'two files at once': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 fd4 = open("/b", O_RDWR|O_CREAT, 0644)
    p1 write(fd3, pattern(0, 5000))
    p1 write(fd4, pattern(9, 5000))
    p1 write(fd3, pattern(1, 5000))
    p1 fsync(fd4)
    p1 close(fd3)
    p1 close(fd4)`,
    'two handles of one file': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 fd4 = open("/a", O_WRONLY)
    p1 write(fd3, pattern(0, 5000))
    p1 pwrite(fd4, pattern(9, 5000), 2000)
    p1 close(fd3)
    p1 pwrite(fd4, pattern(3, 10), 0)
    p1 close(fd4)`,
    'duplicates flush at every close': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 fd4 = dup(fd3)
    p1 write(fd3, pattern(0, 5000))
    p1 close(fd4)
    p1 write(fd3, pattern(0, 5000))
    p1 fork(11)
    p11 close(fd3)
    p1 close(fd3)`,
    'truncating what is cached': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 write(fd3, pattern(0, 20000))
    p1 ftruncate(fd3, 10000)
    p1 pread(fd3, 20000, 0)
    p1 ftruncate(fd3, 15000)
    p1 pread(fd3, 20000, 0)
    p1 truncate("/a", 5)
    p1 pwrite(fd3, pattern(3, 5), 8000)
    p1 pread(fd3, 20000, 0)
    p1 ftruncate(fd3, 8005)
    p1 fstat(fd3)
    p1 close(fd3)`,
    'O_TRUNC of what is cached': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 write(fd3, pattern(0, 20000))
    p1 fd4 = open("/a", O_WRONLY|O_TRUNC)
    p1 pread(fd3, 100, 0)
    p1 write(fd4, pattern(5, 100))
    p1 pread(fd3, 100, 0)
    p1 fd5 = open("/a", O_RDONLY|O_TRUNC)
    p1 pread(fd3, 100, 0)
    p1 fstat(fd3)
    p1 close(fd5)
    p1 close(fd4)
    p1 close(fd3)`,
    'holes in what is cached': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 write(fd3, pattern(0, 20000))
    p1 fallocate(fd3, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 5000, 10000)
    p1 pread(fd3, 20000, 0)
    p1 pwrite(fd3, pattern(7, 10), 8000)
    p1 lseek(fd3, 0, SEEK_HOLE)
    p1 lseek(fd3, 8192, SEEK_DATA)
    p1 fallocate(fd3, FALLOC_FL_ZERO_RANGE, 18000, 5000)
    p1 pread(fd3, 30000, 15000)
    p1 close(fd3)`,
    'copying what is cached': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 fd4 = open("/b", O_RDWR|O_CREAT, 0644)
    p1 write(fd3, pattern(0, 20000))
    p1 pread(fd4, 10, 0)
    p1 copy_file_range(fd3, fd4, 10000, offset=5000, offsetOut=0)
    p1 pread(fd4, 20000, 0)
    p1 pwrite(fd4, pattern(4, 10), 5000)
    p1 copy_file_range(fd3, fd4, 100, offset=0, offsetOut=5005)
    p1 pread(fd4, 200, 4950)
    p1 close(fd3)
    p1 close(fd4)`,
    'attributes of what is dirty': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 write(fd3, pattern(0, 5000))
    p1 fstat(fd3)
    p1 stat("/a")
    p1 fchmod(fd3, 0600)
    p1 write(fd3, pattern(0, 5000))
    p1 futimens(fd3, {1, 0}, {2, 0})
    p1 fstat(fd3)
    p1 write(fd3, pattern(0, 10))
    p1 fchown(fd3, 1000, 1000)
    p1 fstat(fd3)
    p1 close(fd3)
    p1 stat("/a")`,
    'renaming and removing what is dirty': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 write(fd3, pattern(0, 5000))
    p1 rename("/a", "/b", 0)
    p1 write(fd3, pattern(0, 5000))
    p1 link("/b", "/c", 0)
    p1 write(fd3, pattern(0, 10))
    p1 unlink("/b")
    p1 unlink("/c")
    p1 write(fd3, pattern(0, 10))
    p1 close(fd3)`,
    'appending to what is cached': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 write(fd3, pattern(0, 5000))
    p1 close(fd3)
    p1 fd3 = open("/a", O_WRONLY|O_APPEND)
    p1 write(fd3, pattern(0, 100))
    p1 write(fd3, pattern(0, 5000))
    p1 close(fd3)`,
    'set-user-id goes with a cached write': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0777)
    p1 write(fd3, pattern(0, 10))
    p1 chmod("/a", 06777)
    p1 write(fd3, pattern(0, 10))
    p1 fstat(fd3)
    p2 fd3 = open("/a", O_RDWR)
    p2 write(fd3, pattern(0, 10))
    p2 fstat(fd3)
    p2 write(fd3, pattern(0, 10))
    p1 chmod("/a", 06777)
    p2 ftruncate(fd3, 3)
    p1 chmod("/a", 06777)
    p2 fallocate(fd3, 0, 0, 100)
    p1 chmod("/a", 06777)
    p2 fd4 = open("/a", O_WRONLY|O_TRUNC)
    p1 chmod("/a", 06777)
    p2 copy_file_range(fd3, fd3, 10, offset=0, offsetOut=50)
    p2 close(fd4)
    p2 close(fd3)
    p1 close(fd3)`,
    'mapped and read': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 write(fd3, pattern(0, 50000))
    p1 close(fd3)
    p1 fd3 = open("/a", O_RDONLY)
    p1 map0 = mmap(fd3, 0, 50000, PROT_READ, MAP_SHARED)
    p1 load(map0, 0, 10)
    p1 load(map0, 4090, 20)
    p1 load(map0, 40000, 10)
    p1 load(map0, 49990, 20)
    p1 load(map0, 60000, 10)
    p1 munmap(map0)
    p1 close(fd3)`,
    'mapped and written': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 write(fd3, pattern(0, 20000))
    p1 map0 = mmap(fd3, 0, 20000, PROT_READ|PROT_WRITE, MAP_SHARED)
    p1 store(map0, 100, pattern(3, 50))
    p1 msync(map0, 0, 20000, MS_SYNC)
    p1 store(map0, 9000, pattern(4, 5000))
    p1 pread(fd3, 20, 9000)
    p1 msync(map0, 8192, 4096, MS_SYNC)
    p1 store(map0, 0, pattern(5, 10))
    p1 munmap(map0)
    p1 close(fd3)`,
    'mapped and not synchronised': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 ftruncate(fd3, 10000)
    p1 map0 = mmap(fd3, 4096, 5904, PROT_READ|PROT_WRITE, MAP_SHARED)
    p1 store(map0, 0, pattern(1, 100))
    p1 close(fd3)
    p1 store(map0, 200, pattern(2, 100))
    p1 msync(map0, 0, 4096, MS_ASYNC)
    p1 munmap(map0)
    p1 fd3 = open("/a", O_RDONLY)
    p1 pread(fd3, 400, 4000)
    p1 close(fd3)`,
    'mapped privately': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 write(fd3, pattern(0, 10000))
    p1 map0 = mmap(fd3, 0, 10000, PROT_READ|PROT_WRITE, MAP_PRIVATE)
    p1 load(map0, 0, 10)
    p1 store(map0, 5, pattern(9, 10))
    p1 load(map0, 0, 20)
    p1 pread(fd3, 20, 0)
    p1 munmap(map0)
    p1 close(fd3)`,
    'mapped and cut off': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 write(fd3, pattern(0, 20000))
    p1 map0 = mmap(fd3, 0, 20000, PROT_READ|PROT_WRITE, MAP_SHARED)
    p1 store(map0, 12300, pattern(3, 10))
    p1 ftruncate(fd3, 5000)
    p1 load(map0, 4000, 2000)
    p1 load(map0, 9000, 10)
    p1 ftruncate(fd3, 20000)
    p1 load(map0, 12300, 10)
    p1 munmap(map0)
    p1 close(fd3)`,
    'wrong mappings': `
    p1 fd3 = open("/a", O_RDONLY|O_CREAT, 0644)
    p1 mmap(fd3, 0, 4096, PROT_READ|PROT_WRITE, MAP_SHARED)
    p1 mmap(fd3, 1, 4096, PROT_READ, MAP_SHARED)
    p1 mmap(fd3, 0, 0, PROT_READ, MAP_SHARED)
    p1 map0 = mmap(fd3, 0, 4096, PROT_READ, MAP_SHARED)
    p1 load(map0, 0, 10)
    p1 store(map0, 0, pattern(0, 10))
    p1 munmap(map0)
    p1 munmap(map0)
    p1 close(fd3)`,
    'a mapping outlives its descriptor': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 write(fd3, pattern(0, 10000))
    p1 map0 = mmap(fd3, 0, 10000, PROT_READ|PROT_WRITE, MAP_SHARED)
    p1 close(fd3)
    p1 unlink("/a")
    p1 load(map0, 0, 10)
    p1 store(map0, 5000, pattern(0, 10))
    p1 munmap(map0)`,
    'dropped caches': `
    p1 mkdir("/d", 0755)
    p1 fd3 = open("/d/a", O_RDWR|O_CREAT, 0644)
    p1 write(fd3, pattern(0, 10000))
    p1 fsync(fd3)
    p1 drop_caches(1)
    p1 pread(fd3, 100, 0)
    p1 drop_caches(3)
    p1 pread(fd3, 100, 0)
    p1 close(fd3)
    p1 drop_caches(3)
    p1 stat("/d/a")`,
    'dirty pages survive dropped caches': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 write(fd3, pattern(0, 10000))
    p1 drop_caches(1)
    p1 pread(fd3, 10000, 0)
    p1 close(fd3)`,
  },
};

/** What the kernel keeps for a finite time: a wait ends it. */
export const finite: Group = {
  configurations: ['through-finite', 'back-finite', 'ram'],
  scripts: {
    'attributes expire': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 stat("/a")
    p1 fstat(fd3)
    wait 2.5
    p1 fstat(fd3)
    p1 stat("/a")
    p1 stat("/a")
    p1 close(fd3)`,
    'names expire': `
    p1 mkdir("/d", 0755)
    p1 mkdir("/d/e", 0755)
    p1 stat("/d/e")
    p1 stat("/none")
    p1 stat("/none")
    wait 2.5
    p1 stat("/d/e")
    p1 stat("/none")
    p1 stat("/d/e")`,
    'another client is noticed in time': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 write(fd3, pattern(0, 5000))
    p1 close(fd3)
    p1 fd3 = open("/a", O_RDONLY)
    p1 pread(fd3, 5000, 0)
    daemon write /a 0 9 6000
    p1 pread(fd3, 6000, 0)
    p1 stat("/a")
    wait 2.5
    p1 stat("/a")
    p1 pread(fd3, 6000, 0)
    p1 close(fd3)`,
    'a name that another client removed': `
    p1 mkdir("/d", 0755)
    p1 fd3 = open("/d/a", O_RDWR|O_CREAT, 0644)
    daemon unlink /d/a
    p1 stat("/d/a")
    wait 2.5
    p1 stat("/d/a")
    p1 fstat(fd3)
    p1 open("/d/a", O_RDWR)
    p1 fd4 = open("/d/a", O_RDWR|O_CREAT, 0644)
    p1 close(fd4)
    p1 close(fd3)`,
    'a name that another client made': `
    p1 stat("/a")
    daemon create /a
    p1 stat("/a")
    wait 2.5
    p1 stat("/a")
    p1 open("/a", O_RDWR|O_CREAT|O_EXCL, 0644)
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 close(fd3)`,
    'a name that another client replaced': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 mkdir("/d", 0755)
    p1 chdir("/d")
    daemon create /b
    daemon rename /b /a
    wait 2.5
    p1 stat("/a")
    p1 fstat(fd3)
    daemon rmdir /d
    wait 2.5
    p1 stat("/d")
    p1 stat(".")
    p1 close(fd3)`,
    'working directories expire': `
    p1 mkdir("/d", 0755)
    p1 chdir("/d")
    p1 mkdir("e", 0755)
    wait 2.5
    p1 stat("e")
    p1 stat(".")
    p1 stat("..")`,
    'writes late': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 write(fd3, pattern(0, 100))
    wait 2.5
    p1 write(fd3, pattern(0, 100))
    p1 fstat(fd3)
    p1 close(fd3)`,
    'listings late': `
    p1 mkdir("/d", 0755)
    p1 mkdir("/d/e", 0755)
    p1 fd3 = open("/d", O_RDONLY|O_DIRECTORY)
    p1 getdents(fd3, 4096)
    p1 stat("/d/e")
    wait 2.5
    p1 stat("/d/e")
    p1 lseek(fd3, 0, SEEK_SET)
    p1 getdents(fd3, 4096)
    p1 close(fd3)`,
  },
};
