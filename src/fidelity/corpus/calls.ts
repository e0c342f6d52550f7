import type { Group } from './index.ts';

/** The system calls on files, names and attributes. */
export const calls: Group = {
  configurations: [
    ...(['direct-0', 'direct-infinite', 'through-0', 'through-infinite', 'back-0', 'back-infinite'] as const),
    ...(['names-only', 'attributes-only', 'ram', 'nothing-implemented', 'daemon-permissions-0', 'locks'] as const),
  ],
  scripts: {
    stat: `
    p1 stat("/a")
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 stat("/a")
    p1 fstat(fd3)
    p1 close(fd3)
    p1 stat("/a")
    p2 stat("/a/")
    p2 lstat("/a/.")`,
    'create and open': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 fd4 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 fd5 = open("/a", O_RDONLY)
    p1 open("/a", O_RDWR|O_CREAT|O_EXCL, 0644)
    p1 open("/a", O_RDONLY|O_DIRECTORY)
    p2 open("/a", O_RDWR)
    p2 fd3 = open("/b", O_WRONLY|O_CREAT|O_EXCL, 0600)
    p1 close(fd5)
    p1 close(fd4)
    p1 close(fd3)
    p2 close(fd3)`,
    'open truncates': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0666)
    p1 write(fd3, pattern(0, 100))
    p1 fd4 = open("/a", O_WRONLY|O_TRUNC)
    p1 fstat(fd3)
    p2 open("/a", O_WRONLY|O_TRUNC)
    p1 creat("/b", 0600)
    p1 close(fd4)
    p1 close(fd3)`,
    'read and write': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 write(fd3, pattern(0, 10000))
    p1 pread(fd3, 4096, 0)
    p1 pread(fd3, 4096, 8000)
    p1 pread(fd3, 1, 20000)
    p1 read(fd3, 0)
    p1 pwrite(fd3, pattern(1, 3), 5)
    p1 readv(fd3, [1, 2, 3])
    p1 writev(fd3, [pattern(0, 1), pattern(5, 5)])
    p1 fsync(fd3)
    p1 fdatasync(fd3)
    p1 close(fd3)`,
    append: `
    p1 fd3 = open("/a", O_RDWR|O_CREAT|O_APPEND, 0644)
    p1 write(fd3, pattern(0, 10))
    p1 write(fd3, pattern(0, 10))
    p1 fstat(fd3)
    p1 close(fd3)`,
    'large transfers': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 pwrite(fd3, pattern(0, 1000000), 0)
    p1 pread(fd3, 1000000, 0)
    p1 close(fd3)`,
    seek: `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 pwrite(fd3, pattern(0, 10), 8192)
    p1 lseek(fd3, 0, SEEK_END)
    p1 lseek(fd3, 0, SEEK_DATA)
    p1 lseek(fd3, 8192, SEEK_HOLE)
    p1 lseek(fd3, 1, SEEK_CUR)
    p1 lseek(fd3, 99999, SEEK_DATA)
    p1 close(fd3)`,
    truncate: `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0666)
    p1 ftruncate(fd3, 100)
    p1 truncate("/a", 50)
    p2 truncate("/a", 10)
    p1 truncate("/none", 1)
    p1 close(fd3)`,
    fallocate: `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 fallocate(fd3, 0, 0, 8192)
    p1 fallocate(fd3, FALLOC_FL_KEEP_SIZE|FALLOC_FL_PUNCH_HOLE, 0, 4096)
    p1 fallocate(fd3, FALLOC_FL_ZERO_RANGE, 4096, 8192)
    p1 fstat(fd3)
    p1 close(fd3)`,
    copy_file_range: `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 fd4 = open("/b", O_RDWR|O_CREAT, 0644)
    p1 write(fd3, pattern(0, 100))
    p1 copy_file_range(fd3, fd4, 50, offset=10, offsetOut=0)
    p1 fstat(fd4)
    p1 close(fd4)
    p1 close(fd3)`,
    directories: `
    p1 mkdir("/d", 0755)
    p1 mkdir("/d/e", 0755)
    p1 mkdir("/d", 0755)
    p1 rmdir("/d")
    p1 rmdir("/d/e")
    p1 stat("/d")
    p2 mkdir("/d/x", 0755)
    p1 rmdir("/d")
    p1 rmdir("/d")`,
    unlink: `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 unlink("/a")
    p1 fstat(fd3)
    p1 write(fd3, pattern(0, 5))
    p1 close(fd3)
    p1 unlink("/a")
    p1 mkdir("/d", 0755)
    p1 unlink("/d")
    p2 unlink("/d")`,
    'recreate a name': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 close(fd3)
    p1 unlink("/a")
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 fstat(fd3)
    p1 close(fd3)
    p1 stat("/a")`,
    'hard links': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 close(fd3)
    p1 link("/a", "/b", 0)
    p1 stat("/a")
    p1 link("/a", "/b", 0)
    p1 unlink("/a")
    p1 stat("/b")
    p1 link("/none", "/c", 0)
    p1 stat("/b")`,
    'symbolic links': `
    p1 mkdir("/d", 0755)
    p1 symlink("d", "/l")
    p1 readlink("/l")
    p1 lstat("/l")
    p1 stat("/l")
    p1 stat("/l/none")
    p1 fd3 = open("/l/a", O_RDWR|O_CREAT, 0644)
    p1 close(fd3)
    p1 symlink("loop", "/loop")
    p1 stat("/loop")
    p1 open("/l", O_RDONLY|O_NOFOLLOW)`,
    'a dangling link': `
    p1 symlink("gone", "/l")
    p1 open("/l", O_RDONLY)
    p1 fd3 = open("/l", O_RDWR|O_CREAT, 0644)
    p1 close(fd3)
    p1 stat("/gone")`,
    rename: `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 close(fd3)
    p1 rename("/a", "/b", 0)
    p1 stat("/a")
    p1 stat("/b")
    p1 mkdir("/d", 0755)
    p1 rename("/b", "/d/c", 0)
    p1 stat("/d/c")
    p1 rename("/d", "/e", 0)
    p1 stat("/e/c")
    p1 rename("/none", "/x", 0)`,
    'rename over a file': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 fd4 = open("/b", O_RDWR|O_CREAT, 0644)
    p1 rename("/a", "/b", 0)
    p1 fstat(fd4)
    p1 fstat(fd3)
    p1 stat("/b")
    p1 close(fd3)
    p1 close(fd4)`,
    'rename over a directory': `
    p1 mkdir("/d", 0755)
    p1 mkdir("/e", 0755)
    p1 mkdir("/e/f", 0755)
    p1 rename("/d", "/e", 0)
    p1 rename("/e/f", "/d", 0)
    p1 stat("/d")
    p1 stat("/e")`,
    'rename with flags': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 close(fd3)
    p1 mkdir("/d", 0755)
    p1 rename("/a", "/d", RENAME_NOREPLACE)
    p1 rename("/a", "/b", RENAME_NOREPLACE)
    p1 rename("/b", "/d", RENAME_EXCHANGE)
    p1 stat("/b")
    p1 stat("/d")
    p1 rename("/b", "/none", RENAME_EXCHANGE)`,
    'rename into its own subtree': `
    p1 mkdir("/d", 0755)
    p1 mkdir("/d/e", 0755)
    p1 rename("/d", "/d/e/f", 0)
    p1 rename("/d/e", "/d", 0)
    p1 rename("/d/.", "/x", 0)`,
    chmod: `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 chmod("/a", 0600)
    p1 fchmod(fd3, 0666)
    p2 chmod("/a", 0600)
    p1 mkdir("/d", 0755)
    p1 chmod("/d", 0700)
    p2 stat("/d/x")
    p1 close(fd3)`,
    chown: `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 chown("/a", 1000, 1000)
    p2 chown("/a", 1000, 2000)
    p2 chown("/a", 0, -1)
    p1 fchown(fd3, -1, 0)
    p1 lchown("/none", 0, 0)
    p1 close(fd3)`,
    'set-user-id goes with a change of owner': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0777)
    p1 chmod("/a", 06777)
    p1 fchown(fd3, -1, -1)
    p1 fstat(fd3)
    p1 chmod("/a", 06777)
    p2 chown("/a", -1, -1)
    p1 fstat(fd3)
    p1 close(fd3)`,
    'set-user-id goes with a write': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0777)
    p1 chmod("/a", 06777)
    p2 fd3 = open("/a", O_RDWR)
    p2 write(fd3, pattern(0, 1))
    p2 fstat(fd3)
    p1 chmod("/a", 06777)
    p2 truncate("/a", 0)
    p2 close(fd3)
    p1 close(fd3)`,
    times: `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 utimensat("/a", {1, 2}, {3, 4}, 0)
    p1 futimens(fd3, UTIME_NOW, UTIME_OMIT)
    p1 utimensat("/a", UTIME_NOW, UTIME_NOW, 0)
    p2 utimensat("/a", UTIME_NOW, UTIME_NOW, 0)
    p2 utimensat("/a", {1, 2}, UTIME_OMIT, 0)
    p1 fstat(fd3)
    p1 close(fd3)`,
    access: `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0640)
    p1 access("/a", R_OK|W_OK)
    p1 access("/a", X_OK)
    p2 access("/a", R_OK)
    p2 access("/a", F_OK)
    p1 access("/none", F_OK)
    p1 close(fd3)`,
    listing: `
    p1 mkdir("/d", 0755)
    p1 mkdir("/d/e", 0755)
    p1 fd3 = open("/d/f", O_RDWR|O_CREAT, 0644)
    p1 fd4 = open("/d", O_RDONLY|O_DIRECTORY)
    p1 getdents(fd4, 4096)
    p1 getdents(fd4, 4096)
    p1 lseek(fd4, 0, SEEK_SET)
    p1 getdents(fd4, 32768)
    p1 fsync(fd4)
    p1 close(fd4)
    p1 close(fd3)
    p1 stat("/d/f")`,
    'working directory': `
    p1 mkdir("/d", 0755)
    p1 chdir("/d")
    p1 mkdir("e", 0755)
    p1 stat("e")
    p1 stat("..")
    p1 stat("../d/e")
    p1 fd3 = open(".", O_RDONLY|O_DIRECTORY)
    p1 fchdir(fd3)
    p1 close(fd3)
    p1 chdir("/none")
    p1 chdir("/..")`,
    'relative to descriptors': `
    p1 mkdir("/d", 0755)
    p1 fd3 = open("/d", O_RDONLY|O_DIRECTORY)
    p1 fd4 = open("a", O_RDWR|O_CREAT, 0644, dirfd=fd3)
    p1 mkdir("b", 0755, dirfd=fd3)
    p1 unlink("a", dirfd=fd3)
    p1 fd5 = open("/d", O_PATH)
    p1 stat("b", dirfd=fd5)
    p1 fstat(fd5)
    p1 close(fd5)
    p1 close(fd4)
    p1 close(fd3)`,
    'extended attributes': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 setxattr("/a", "user.x", bytes("1"), 0)
    p1 getxattr("/a", "user.x", 100)
    p1 getxattr("/a", "user.x", 0)
    p1 getxattr("/a", "user.none", 100)
    p1 listxattr("/a", 100)
    p1 fsetxattr(fd3, "user.y", bytes("22"), XATTR_CREATE)
    p1 fsetxattr(fd3, "user.y", bytes("22"), XATTR_CREATE)
    p1 removexattr("/a", "user.x")
    p2 setxattr("/a", "user.z", bytes("1"), 0)
    p2 setxattr("/a", "trusted.z", bytes("1"), 0)
    p1 close(fd3)`,
    statfs: `
    p1 statfs("/")
    p1 fd3 = open("/", O_RDONLY|O_DIRECTORY)
    p1 fstatfs(fd3)
    p1 close(fd3)`,
    mknod: `
    p1 mknod("/p", S_IFIFO|0644, 0)
    p1 mknod("/f", S_IFREG|0644, 0)
    p1 mknod("/s", S_IFSOCK|0644, 0)
    p1 stat("/p")
    p1 open("/s", O_RDWR)
    p1 mknod("/p", S_IFIFO|0644, 0)`,
    'nameless files': `
    p1 fd3 = open("/", O_TMPFILE|O_RDWR, 0644)
    p1 write(fd3, pattern(0, 10))
    p1 fstat(fd3)
    p1 link("", "/a", AT_EMPTY_PATH, dirfd=fd3)
    p1 stat("/a")
    p1 close(fd3)
    p1 fd3 = open("/", O_TMPFILE|O_RDWR, 0644)
    p1 close(fd3)`,
    descriptors: `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 fd4 = dup(fd3)
    p1 write(fd4, pattern(0, 5))
    p1 close(fd3)
    p1 read(fd4, 5)
    p1 fd3 = open("/b", O_RDWR|O_CREAT, 0644)
    p1 dup2(fd3, fd4)
    p1 close(fd4)
    p1 close(fd3)`,
    'open files replaced': `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)
    p1 fd3 = open("/b", O_RDWR|O_CREAT, 0644)
    p1 close(fd3)`,
    locks: `
    p1 fd3 = open("/a", O_RDWR|O_CREAT, 0666)
    p1 flock(fd3, LOCK_EX)
    p2 fd3 = open("/a", O_RDWR)
    p2 flock(fd3, LOCK_EX|LOCK_NB)
    p1 flock(fd3, LOCK_UN)
    p2 flock(fd3, LOCK_SH|LOCK_NB)
    p2 close(fd3)
    p1 close(fd3)`,
    permissions: `
    p1 mkdir("/d", 0700)
    p2 stat("/d/x")
    p2 mkdir("/d/x", 0755)
    p2 fd3 = open("/d", O_RDONLY|O_DIRECTORY)
    p2 chdir("/d")
    p1 chmod("/d", 0777)
    p2 stat("/d/x")`,
    'sticky directories': `
    p1 mkdir("/d", 0777)
    p1 chmod("/d", 01777)
    p1 fd3 = open("/d/a", O_RDWR|O_CREAT, 0666)
    p2 unlink("/d/a")
    p2 rename("/d/a", "/d/b", 0)
    p2 open("/d/a", O_RDWR|O_CREAT, 0666)
    p1 close(fd3)`,
    'names that are too long or end in slashes': `
    p1 mkdir("/d/", 0755)
    p1 open("/x/", O_RDWR|O_CREAT, 0644)
    p1 unlink("/d/")
    p1 rename("/d/", "/e/", 0)
    p1 stat("//e///.")
    p1 mkdir("/${'n'.repeat(256)}", 0755)
    p1 stat("/${'n'.repeat(255)}")
    p1 symlink("x", "/y/")`,
  },
};
