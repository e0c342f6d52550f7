import { didYouMean } from '../vfs/index.ts';

/** What a filesystem may not promise: a program that needs a missing capability is not generated for it. */
export const capabilities = {
  directories: 'directories below the root (mkdir, rmdir)',
  renames: 'rename',
  links: 'hard links (link, linkat)',
  symlinks: 'symbolic links',
  special: 'FIFOs, sockets and device nodes (mknod)',
  tmpfile: 'O_TMPFILE',
  'rename-flags': 'RENAME_NOREPLACE and RENAME_EXCHANGE',
  xattrs: 'extended attributes',
  locks: 'POSIX byte-range locks (fcntl)',
  flock: 'flock(2)',
  fallocate: 'fallocate: preallocation',
  'punch-hole': 'fallocate: FALLOC_FL_PUNCH_HOLE and FALLOC_FL_ZERO_RANGE',
  'seek-hole': 'lseek: SEEK_DATA and SEEK_HOLE',
  'copy-range': 'copy_file_range',
  ownership: 'chown, and owners of new files',
  permissions: 'permission checks for users other than root',
  modes: 'chmod and mode bits of new files',
  umask: 'the umask of a process',
  times: 'atime, mtime and ctime beyond existence; utimensat',
  processes: 'several processes (fork, inherited descriptors, kill)',
  'directory-descriptors': 'open directories: getdents positions, fchdir, fsync of a directory, *at calls',
  'working-directory': 'chdir and relative paths',
  statfs: 'statfs',
  mmap: 'memory mappings of files (mmap), private ones at least',
  'mmap-shared': 'shared mappings (MAP_SHARED), whose stores change the file',
  fadvise: 'posix_fadvise',
  'drop-caches': "dropping the page cache, dentries and inodes (of a real kernel: the whole host's)",
  handles: 'file handles: name_to_handle_at, open_by_handle_at, of forgotten nodes too (EXPORT_SUPPORT)',
  write: 'any change (without it the filesystem is read-only)',
} as const;

export type Capability = keyof typeof capabilities;

/** The capabilities that a target does *not* have. */
export type Without = ReadonlySet<Capability>;

/** What is wrong with a capability's name; undefined where nothing is. */
export function capabilityProblem(name: string): string | undefined {
  if (Object.hasOwn(capabilities, name)) return undefined;
  const names = Object.keys(capabilities);
  return `unknown capability "${name}"${didYouMean(name, names)}; there are: ${names.join(', ')}`;
}
