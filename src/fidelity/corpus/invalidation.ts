import type { Group } from './index.ts';

/** What the filesystem tells the kernel unasked, and what other clients do behind its back. */
export const notifications: Group = {
  configurations: [
    ...(['through-0', 'through-infinite', 'keep', 'keep-0', 'auto-inval', 'explicit-inval'] as const),
    ...(['names-only', 'listings', 'symlinks'] as const),
  ],
  scripts: {
    'INVAL_INODE of a file': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 write(fd3, pattern(0, 20000))
    p1 pread(fd3, 20000, 0)
    daemon inval_inode /a 0 0
    p1 fstat(fd3)
    p1 pread(fd3, 20000, 0)
    p1 close(fd3)`,
    'INVAL_INODE of a range': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 write(fd3, pattern(0, 20000))
    p1 pread(fd3, 20000, 0)
    daemon inval_inode /a 4096 4096
    p1 pread(fd3, 20000, 0)
    daemon inval_inode /a 10000 1
    p1 pread(fd3, 20000, 0)
    p1 close(fd3)`,
    'INVAL_INODE of attributes': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 write(fd3, pattern(0, 20000))
    p1 pread(fd3, 20000, 0)
    daemon chmod /a 600
    daemon inval_inode /a -1 0
    p1 fstat(fd3)
    p1 pread(fd3, 20000, 0)
    p1 close(fd3)`,
    'INVAL_INODE of a directory': `
    p1 mkdir("/d", 0755)
    p1 stat("/d")
    daemon chmod /d 700
    daemon inval_inode /d 0 0
    p2 stat("/d/x")
    p1 stat("/d")`,
    'INVAL_ENTRY of a file': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 close(fd3)
    p1 stat("/a")
    daemon inval_entry /a
    p1 stat("/a")
    p1 fd3 = open("/a", O_RDWR)
    daemon inval_entry /a
    p1 fstat(fd3)
    p1 stat("/a")
    p1 close(fd3)`,
    'INVAL_ENTRY of a directory': `
    p1 mkdir("/d", 0755)
    p1 mkdir("/d/e", 0755)
    p1 fd3 = open("/d/e/a", O_RDWR|O_CREAT, 0644)
    p1 close(fd3)
    daemon inval_entry /d
    p1 stat("/d/e/a")
    p1 chdir("/d/e")
    daemon inval_entry /d
    p1 stat("a")
    p1 stat("/d/e/a")`,
    'INVAL_ENTRY of no entry': `
    p1 stat("/none")
    daemon inval_entry /none
    p1 stat("/none")
    daemon create /none
    daemon inval_entry /none
    p1 stat("/none")
    daemon inval_entry /never
    p1 stat("/never")`,
    'an entry that is expired only': `
    p1 mkdir("/d", 0755)
    p1 fd3 = open("/d/a", O_RDWR|O_CREAT, 0644)
    p1 stat("/d/a")
    daemon expire /d/a
    p1 stat("/d/a")
    daemon expire /d
    p1 stat("/d/a")
    p1 close(fd3)`,
    DELETE: `
    p1 mkdir("/d", 0755)
    p1 fd3 = open("/d/a", O_RDWR|O_CREAT, 0644)
    daemon delete /d/a
    p1 stat("/d/a")
    p1 fstat(fd3)
    p1 mkdir("/e", 0755)
    daemon delete /e
    p1 stat("/e")
    p1 close(fd3)`,
    'DELETE of a directory in use': `
    p1 mkdir("/d", 0755)
    p1 mkdir("/d/e", 0755)
    p1 chdir("/d/e")
    daemon delete /d
    p1 stat("/d")
    daemon delete /d/e
    p1 stat(".")
    p1 mkdir("f", 0755)
    p1 chdir("/")`,
    STORE: `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 write(fd3, pattern(0, 10000))
    daemon store /a 0 77 4096
    p1 pread(fd3, 10000, 0)
    daemon store /a 5000 99 100
    p1 pread(fd3, 10000, 0)
    p1 fstat(fd3)
    p1 close(fd3)`,
    'STORE beyond the end': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 write(fd3, pattern(0, 100))
    daemon store /a 100 5 5000
    p1 fstat(fd3)
    p1 pread(fd3, 10000, 0)
    p1 close(fd3)`,
    RETRIEVE: `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 write(fd3, pattern(0, 10000))
    p1 pread(fd3, 10000, 0)
    daemon retrieve /a 0 10000
    p1 fstat(fd3)
    daemon retrieve /a 5000 100
    p1 fstat(fd3)
    daemon retrieve /a 8192 100000
    p1 fstat(fd3)
    p1 close(fd3)`,
    'RETRIEVE of what is not cached': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 write(fd3, pattern(0, 10000))
    daemon inval_inode /a 0 0
    daemon retrieve /a 0 10000
    p1 fstat(fd3)
    p1 close(fd3)`,
    INC_EPOCH: `
    p1 mkdir("/d", 0755)
    p1 mkdir("/d/e", 0755)
    p1 stat("/d/e")
    p1 stat("/d/none")
    daemon epoch
    p1 stat("/d/e")
    p1 stat("/d/none")
    p1 stat("/d/e")
    p1 chdir("/d")
    daemon epoch
    p1 stat("e")`,
    PRUNE: `
    p1 mkdir("/d", 0755)
    p1 mkdir("/d/e", 0755)
    p1 fd3 = open("/d/a", O_RDWR|O_CREAT, 0644)
    p1 fd4 = open("/d/b", O_RDWR|O_CREAT, 0644)
    p1 close(fd4)
    daemon prune /d/e /d/a /d/b
    p1 stat("/d/e")
    p1 stat("/d/a")
    p1 stat("/d/b")
    p1 close(fd3)`,
    'another client writes': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 write(fd3, pattern(0, 10000))
    p1 close(fd3)
    p1 fd3 = open("/a", O_RDONLY)
    p1 pread(fd3, 10000, 0)
    daemon write /a 0 50 10000
    p1 fstat(fd3)
    p1 pread(fd3, 10000, 0)
    daemon inval_inode /a -1 0
    p1 pread(fd3, 10000, 0)
    p1 close(fd3)
    p1 fd3 = open("/a", O_RDONLY)
    p1 pread(fd3, 10000, 0)
    p1 close(fd3)`,
    'another client truncates and appends': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 write(fd3, pattern(0, 10000))
    p1 pread(fd3, 10000, 0)
    daemon truncate /a 5000
    p1 fstat(fd3)
    p1 pread(fd3, 10000, 0)
    daemon truncate /a 15000
    p1 pread(fd3, 20000, 0)
    daemon write /a 15000 7 3000
    p1 lseek(fd3, 0, SEEK_END)
    p1 pread(fd3, 20000, 0)
    p1 close(fd3)`,
    'another client touches': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 write(fd3, pattern(0, 10000))
    p1 pread(fd3, 10000, 0)
    daemon touch /a 5
    p1 fstat(fd3)
    p1 pread(fd3, 10000, 0)
    p1 close(fd3)
    p1 fd3 = open("/a", O_RDONLY)
    p1 pread(fd3, 10000, 0)
    p1 close(fd3)`,
    'another client changes a directory': `
    p1 mkdir("/d", 0755)
    p1 fd3 = open("/d", O_RDONLY|O_DIRECTORY)
    p1 getdents(fd3, 4096)
    daemon create /d/a
    p1 lseek(fd3, 0, SEEK_SET)
    p1 getdents(fd3, 4096)
    p1 stat("/d/a")
    daemon inval_inode /d 0 0
    p1 lseek(fd3, 0, SEEK_SET)
    p1 getdents(fd3, 4096)
    p1 close(fd3)`,
    'another client takes a name away': `
    p1 mkdir("/d", 0755)
    p1 fd3 = open("/d/a", O_RDWR|O_CREAT, 0644)
    daemon unlink /d/a
    p1 unlink("/d/a")
    p1 stat("/d/a")
    daemon create /d/b
    p1 mknod("/d/b", S_IFREG|0644, 0)
    p1 fd4 = open("/d/b", O_RDWR|O_CREAT, 0644)
    p1 rmdir("/d")
    p1 close(fd4)
    p1 close(fd3)`,
    'a node with another generation': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 write(fd3, pattern(0, 100))
    daemon generation /a 7
    daemon inval_entry /a
    p1 stat("/a")
    p1 fstat(fd3)
    p1 pread(fd3, 10, 0)
    p1 fd4 = open("/a", O_RDONLY)
    p1 pread(fd4, 10, 0)
    p1 close(fd4)
    p1 close(fd3)`,
    'a directory with another generation': `
    p1 mkdir("/d", 0755)
    p1 fd3 = open("/d", O_RDONLY|O_DIRECTORY)
    p1 mkdir("/d/e", 0755)
    daemon generation /d 3
    daemon expire /d
    p1 stat("/d/e")
    p1 fstat(fd3)
    p1 getdents(fd3, 4096)
    p1 close(fd3)`,
    'stale once': `
    p1 mkdir("/d", 0755)
    p1 fd3 = open("/d/a", O_RDWR|O_CREAT, 0644)
    daemon fail lookup ESTALE
    daemon expire /d/a
    p1 stat("/d/a")
    daemon fail getattr ESTALE
    daemon inval_inode /d/a -1 0
    p1 stat("/d/a")
    daemon fail open ESTALE
    p1 fd4 = open("/d/a", O_RDONLY)
    p1 close(fd4)
    p1 close(fd3)`,
    'errors pass through': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    daemon fail write EIO
    p1 pwrite(fd3, pattern(0, 100), 0)
    p1 fsync(fd3)
    p1 pwrite(fd3, pattern(0, 100), 0)
    daemon inval_inode /a 0 0
    daemon fail read EIO
    p1 pread(fd3, 100, 0)
    p1 pread(fd3, 100, 0)
    daemon fail unlink EPERM
    p1 unlink("/a")
    daemon fail setattr EPERM
    p1 fchmod(fd3, 0600)
    daemon fail rename ENOSPC
    p1 rename("/a", "/b", 0)
    daemon fail mkdir ENOSPC
    p1 mkdir("/d", 0755)
    p1 close(fd3)`,
  },
};

/** Symbolic links that the kernel keeps. */
export const links: Group = {
  configurations: ['symlinks', 'through-infinite', 'through-0', 'ram'],
  scripts: {
    'links are read once': `
    p1 mkdir("/d", 0755)
    p1 symlink("d", "/l")
    p1 readlink("/l")
    p1 readlink("/l")
    p1 stat("/l")
    p1 stat("/l/none")
    p1 lstat("/l")`,
    'a link that another client replaced': `
    p1 symlink("a", "/l")
    p1 readlink("/l")
    daemon unlink /l
    daemon symlink /l b
    p1 readlink("/l")
    daemon inval_entry /l
    p1 readlink("/l")
    p1 readlink("/l")`,
    'a link whose node is invalidated': `
    p1 symlink("a", "/l")
    p1 readlink("/l")
    daemon inval_inode /l 0 0
    p1 readlink("/l")
    p1 drop_caches(1)
    p1 readlink("/l")`,
    'a long link': `
    p1 symlink("${'x'.repeat(4000)}", "/l")
    p1 readlink("/l")
    p1 stat("/l")
    p1 lstat("/l")`,
  },
};

/** Listings: which of READDIR and READDIRPLUS is sent, and what is kept of them. */
export const listings: Group = {
  configurations: [
    ...(['plus-always', 'plus-always-0', 'plus-never', 'through-infinite', 'through-0', 'listings'] as const),
    ...(['listings-0', 'listings-once', 'ram'] as const),
  ],
  scripts: {
    'listed and looked at': `
    p1 mkdir("/d", 0755)
    p1 mkdir("/d/a", 0755)
    p1 mknod("/d/b", S_IFREG|0644, 0)
    p1 symlink("a", "/d/c")
    p1 fd3 = open("/d", O_RDONLY|O_DIRECTORY)
    p1 getdents(fd3, 4096)
    p1 getdents(fd3, 4096)
    p1 stat("/d/a")
    p1 lstat("/d/c")
    p1 close(fd3)
    p1 fd3 = open("/d", O_RDONLY|O_DIRECTORY)
    p1 getdents(fd3, 4096)
    p1 close(fd3)`,
    'listed after a look': `
    p1 mkdir("/d", 0755)
    p1 mkdir("/d/a", 0755)
    daemon create /d/b
    daemon create /d/c
    p1 stat("/d/b")
    p1 fd3 = open("/d", O_RDONLY|O_DIRECTORY)
    p1 getdents(fd3, 4096)
    p1 stat("/d/c")
    p1 lseek(fd3, 0, SEEK_SET)
    p1 getdents(fd3, 4096)
    p1 close(fd3)`,
    'listed in steps': `
    p1 mkdir("/d", 0755)
    ${Array.from({ length: 60 }, (_, i) => `daemon create /d/file-${'n'.repeat(60)}-${i}`).join('\n    ')}
    p1 fd3 = open("/d", O_RDONLY|O_DIRECTORY)
    p1 getdents(fd3, 1024)
    p1 getdents(fd3, 1024)
    p1 stat("/d/file-${'n'.repeat(60)}-20")
    p1 getdents(fd3, 1024)
    p1 getdents(fd3, 32768)
    p1 getdents(fd3, 32768)
    p1 close(fd3)
    p1 fd3 = open("/d", O_RDONLY|O_DIRECTORY)
    p1 getdents(fd3, 1024)
    p1 getdents(fd3, 32768)
    p1 getdents(fd3, 32768)
    p1 close(fd3)`,
    'listed again': `
    p1 mkdir("/d", 0755)
    p1 mkdir("/d/a", 0755)
    p1 fd3 = open("/d", O_RDONLY|O_DIRECTORY)
    p1 getdents(fd3, 4096)
    p1 getdents(fd3, 4096)
    p1 lseek(fd3, 0, SEEK_SET)
    p1 getdents(fd3, 4096)
    p1 getdents(fd3, 4096)
    p1 fd4 = open("/d", O_RDONLY|O_DIRECTORY)
    p1 getdents(fd4, 4096)
    p1 getdents(fd4, 4096)
    p1 close(fd3)
    p1 close(fd4)`,
    'changed while listed': `
    p1 mkdir("/d", 0755)
    p1 mkdir("/d/a", 0755)
    p1 mkdir("/d/b", 0755)
    p1 fd3 = open("/d", O_RDONLY|O_DIRECTORY)
    p1 getdents(fd3, 72)
    p1 mkdir("/d/c", 0755)
    p1 rmdir("/d/a")
    p1 getdents(fd3, 4096)
    p1 getdents(fd3, 4096)
    p1 lseek(fd3, 0, SEEK_SET)
    p1 getdents(fd3, 4096)
    p1 getdents(fd3, 4096)
    p1 close(fd3)`,
    'an empty directory': `
    p1 mkdir("/d", 0755)
    p1 fd3 = open("/d", O_RDONLY|O_DIRECTORY)
    p1 getdents(fd3, 4096)
    p1 getdents(fd3, 4096)
    p1 rmdir("/d")
    p1 lseek(fd3, 0, SEEK_SET)
    p1 getdents(fd3, 4096)
    p1 close(fd3)`,
    'listed after the caches were dropped': `
    p1 mkdir("/d", 0755)
    p1 mkdir("/d/a", 0755)
    p1 fd3 = open("/d", O_RDONLY|O_DIRECTORY)
    p1 getdents(fd3, 4096)
    p1 getdents(fd3, 4096)
    p1 drop_caches(1)
    p1 lseek(fd3, 0, SEEK_SET)
    p1 getdents(fd3, 4096)
    p1 close(fd3)`,
  },
};

/** Handles of files that outlive names and caches. */
export const exported: Group = {
  configurations: ['export', 'export-0', 'ram', 'through-infinite'],
  scripts: {
    'a handle of an open file': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 write(fd3, pattern(0, 100))
    p1 handle0 = name_to_handle_at("/a", 0)
    p1 fd4 = open_by_handle_at(handle0, O_RDONLY)
    p1 pread(fd4, 100, 0)
    p1 close(fd4)
    p1 close(fd3)`,
    'a handle of a file that is not cached': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 close(fd3)
    p1 handle0 = name_to_handle_at("/a", 0)
    daemon inval_entry /a
    p1 fd4 = open_by_handle_at(handle0, O_RDWR)
    p1 fstat(fd4)
    p1 stat("/a")
    p1 close(fd4)`,
    'a handle of a directory that is not cached': `
    p1 mkdir("/d", 0755)
    p1 mkdir("/d/e", 0755)
    p1 handle0 = name_to_handle_at("/d/e", 0)
    daemon inval_entry /d
    p1 fd3 = open_by_handle_at(handle0, O_RDONLY|O_DIRECTORY)
    p1 getdents(fd3, 4096)
    p1 stat("/d/e")
    p1 close(fd3)`,
    'a handle with another generation': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 close(fd3)
    p1 handle0 = name_to_handle_at("/a", 0)
    daemon generation /a 5
    daemon inval_entry /a
    p1 open_by_handle_at(handle0, O_RDONLY)
    p1 stat("/a")
    p1 handle1 = name_to_handle_at("/a", 0)
    p1 fd3 = open_by_handle_at(handle1, O_RDONLY)
    p1 close(fd3)`,
    'a handle of a file that is gone': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 handle0 = name_to_handle_at("/a", 0)
    p1 unlink("/a")
    p1 fd4 = open_by_handle_at(handle0, O_RDONLY)
    p1 close(fd4)
    p1 close(fd3)
    p1 open_by_handle_at(handle0, O_RDONLY)`,
    'a handle of a link': `
    p1 symlink("none", "/l")
    p1 handle0 = name_to_handle_at("/l", 0)
    p1 open_by_handle_at(handle0, O_RDONLY)
    p1 fd3 = open_by_handle_at(handle0, O_PATH)
    p1 fstat(fd3)
    p1 close(fd3)
    p1 name_to_handle_at("/l", AT_SYMLINK_FOLLOW)
    p1 name_to_handle_at("/none", 0)`,
    'a handle of the root': `
    p1 handle0 = name_to_handle_at("/", 0)
    p1 fd3 = open_by_handle_at(handle0, O_RDONLY|O_DIRECTORY)
    p1 fstat(fd3)
    p1 close(fd3)
    p2 handle0 = name_to_handle_at("/", 0)
    p2 open_by_handle_at(handle0, O_RDONLY)`,
    'a handle of a descriptor': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 handle0 = name_to_handle_at("", AT_EMPTY_PATH, dirfd=fd3)
    p1 rename("/a", "/b", 0)
    p1 fd4 = open_by_handle_at(handle0, O_RDONLY)
    p1 fstat(fd4)
    p1 close(fd4)
    p1 close(fd3)`,
  },
};

/** Eviction: what goes when the caches are dropped. */
export const eviction: Group = {
  configurations: ['through-infinite', 'through-0', 'keep', 'ram', 'direct-infinite'],
  scripts: {
    'names and nodes are forgotten': `
    p1 mkdir("/d", 0755)
    p1 mkdir("/d/e", 0755)
    p1 fd3 = open("/d/e/a", O_RDWR|O_CREAT, 0644)
    p1 close(fd3)
    p1 chdir("/")
    p1 drop_caches(2)
    p1 stat("/d/e/a")`,
    'what is open stays': `
    p1 mkdir("/d", 0755)
    p1 fd3 = open("/d/a", O_RDWR|O_CREAT, 0644)
    p1 fd4 = open("/d/b", O_RDWR|O_CREAT, 0644)
    p1 close(fd4)
    p1 drop_caches(2)
    p1 fstat(fd3)
    p1 stat("/d/a")
    p1 stat("/d/b")
    p1 close(fd3)`,
    'working directories stay': `
    p1 mkdir("/d", 0755)
    p1 mkdir("/d/e", 0755)
    p1 chdir("/d")
    p1 drop_caches(2)
    p1 stat("e")
    p1 stat("/d")`,
    'names that are not there are forgotten': `
    p1 stat("/none")
    p1 drop_caches(2)
    p1 stat("/none")`,
    'many references': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 link("/a", "/b", 0)
    p1 link("/a", "/c", 0)
    p1 stat("/b")
    p1 stat("/c")
    p1 unlink("/a")
    p1 unlink("/b")
    p1 unlink("/c")
    p1 close(fd3)`,
    'removed at once': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 close(fd3)
    p1 unlink("/a")
    p1 mkdir("/d", 0755)
    p1 rmdir("/d")
    p1 symlink("x", "/l")
    p1 unlink("/l")
    p1 mknod("/p", S_IFIFO|0644, 0)
    p1 unlink("/p")`,
  },
};

/** A mount that nothing can be changed on. */
export const readOnly: Group = {
  configurations: ['read-only'],
  scripts: {
    'nothing can be made': `
    p1 mkdir("/d", 0755)
    p1 open("/a", O_RDWR|O_CREAT, 0644)
    p1 symlink("a", "/l")
    p1 mknod("/p", S_IFIFO|0644, 0)
    p1 chmod("/", 0700)
    p1 chown("/", 1, 1)
    p1 utimensat("/", UTIME_NOW, UTIME_NOW, 0)
    p1 setxattr("/", "user.a", bytes("1"), 0)
    p1 removexattr("/", "user.a")
    p1 rename("/a", "/b", 0)
    p1 unlink("/a")
    p1 access("/", W_OK)
    p1 access("/", R_OK)
    p1 open("/", O_TMPFILE|O_RDWR, 0600)`,
    'what is there can be read': `
    p1 fd3 = open("/", O_RDONLY|O_DIRECTORY)
    p1 getdents(fd3, 4096)
    p1 fsync(fd3)
    p1 fstat(fd3)
    p1 statfs("/")
    p1 getxattr("/", "user.a", 10)
    p1 listxattr("/", 100)
    p1 stat("/none")
    p1 close(fd3)`,
  },
};
