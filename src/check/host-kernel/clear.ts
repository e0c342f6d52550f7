import { AT_REMOVEDIR, errno, O_CLOEXEC, O_DIRECTORY, O_NOFOLLOW, O_RDONLY } from '../../vfs/index.ts';
import { cString } from './confinement.ts';
import { AT_FDCWD, libc, STATX_BASIC_STATS } from './libc.ts';
import { dirents, STATX_SIZE } from './structs.ts';

const FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
const buffer = Buffer.alloc(1 << 16);
const MOST_VANISHED = 1000;

/** What belongs to the root directory itself, to be put back by `clearRoot`. */
export interface RootAttributes {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** The entries of the root directory but `.` and `..`. */
export function rootEntries(): number {
  const fd = openDirectory(AT_FDCWD, cString('/'));
  const count = names(fd).length;
  libc().close(fd);
  return count;
}

export function rootAttributes(): RootAttributes {
  const stat = Buffer.alloc(STATX_SIZE);
  if (libc().statx(AT_FDCWD, cString('/'), 0, STATX_BASIC_STATS, stat) < 0) throw failure('statx /');
  return { mode: stat.readUInt16LE(28) & 0o7777, uid: stat.readUInt32LE(20), gid: stat.readUInt32LE(24) };
}

/** Removes all that is in the root directory and its extended attributes, and gives it these attributes. */
export function clearRoot(attributes: RootAttributes): void {
  const c = libc();
  const fd = openDirectory(AT_FDCWD, cString('/'));
  clearDirectory(fd);
  const size = c.flistxattr(fd, buffer, buffer.length);
  for (let at = 0; at < size; ) {
    const end = buffer.indexOf(0, at) + 1;
    c.fremovexattr(fd, Buffer.from(buffer.subarray(at, end)));
    at = end;
  }
  c.fchown(fd, attributes.uid | 0, attributes.gid | 0);
  c.fchmod(fd, attributes.mode);
  c.close(fd);
}

function clearDirectory(fd: number): void {
  const c = libc();
  let vanished = 0;
  for (let batch = names(fd); batch.length > 0; batch = names(fd)) {
    for (const name of batch) if (!remove(fd, name)) vanished++;
    // What the filesystem removes by itself (.fuse_hidden, .nfs) is listed once or twice, but not for ever.
    if (vanished > MOST_VANISHED) throw new Error(`clearing the directory: ${batch[0]} is listed, but not there`);
    c.lseek(fd, 0, 0);
  }
}

/** Removes a name and what is below it; false where it is gone already. */
function remove(fd: number, name: Buffer): boolean {
  const c = libc();
  if (c.unlinkat(fd, name, 0) === 0 || c.unlinkat(fd, name, AT_REMOVEDIR) === 0) return true;
  if (c.errno() === errno.ENOENT.errno) return false;
  if (c.errno() !== errno.ENOTEMPTY.errno) throw failure(`remove ${name}`);
  const child = openDirectory(fd, name);
  clearDirectory(child);
  c.close(child);
  if (c.unlinkat(fd, name, AT_REMOVEDIR) < 0) throw failure(`remove ${name}`);
  return true;
}

/** The next names, as C strings. */
function names(fd: number): Buffer[] {
  const count = libc().getdents64(fd, buffer, buffer.length);
  if (count < 0) throw failure('getdents64');
  const found: Buffer[] = [];
  for (const { name } of dirents(buffer.subarray(0, count))) {
    const text = name.toString('latin1');
    if (text !== '.' && text !== '..') found.push(Buffer.from(`${text}\0`, 'latin1'));
  }
  return found;
}

function openDirectory(dirfd: number, path: Buffer): number {
  const fd = libc().openat(dirfd, path, FLAGS, 0);
  if (fd < 0) throw failure(`open ${path}`);
  return fd;
}

const failure = (what: string): Error => new Error(`clearing the directory: ${what}: errno ${libc().errno()}`);
