import { opcode } from '../../protocol/index.ts';
import * as attributes from './attributes.ts';
import * as directories from './directories.ts';
import * as files from './files.ts';
import * as locks from './locks.ts';
import * as names from './names.ts';
import type { Operation } from './operation.ts';
import * as xattrs from './xattrs.ts';

export type { Operation } from './operation.ts';

/**
 * The operation of each opcode number that is a call of the filesystem. BMAP, the DAX mappings and CUSE_INIT have none: they
 * answer ENOSYS, as do numbers that the protocol does not have.
 */
export const operations: readonly (Operation<unknown> | undefined)[] = (() => {
  const table: (Operation<unknown> | undefined)[] = new Array(64).fill(undefined);
  table[opcode.LOOKUP] = names.lookup;
  table[opcode.GETATTR] = attributes.getattr;
  table[opcode.SETATTR] = attributes.setattr;
  table[opcode.READLINK] = attributes.readlink;
  table[opcode.SYMLINK] = names.symlink;
  table[opcode.MKNOD] = names.mknod;
  table[opcode.MKDIR] = names.mkdir;
  table[opcode.UNLINK] = names.unlink;
  table[opcode.RMDIR] = names.rmdir;
  table[opcode.RENAME] = names.rename;
  table[opcode.LINK] = names.link;
  table[opcode.OPEN] = files.open;
  table[opcode.READ] = files.read;
  table[opcode.WRITE] = files.write;
  table[opcode.STATFS] = attributes.statfs;
  table[opcode.RELEASE] = files.release;
  table[opcode.FSYNC] = files.fsync;
  table[opcode.SETXATTR] = xattrs.setxattr;
  table[opcode.GETXATTR] = xattrs.getxattr;
  table[opcode.LISTXATTR] = xattrs.listxattr;
  table[opcode.REMOVEXATTR] = xattrs.removexattr;
  table[opcode.FLUSH] = files.flush;
  table[opcode.OPENDIR] = files.opendir;
  table[opcode.READDIR] = directories.readdir;
  table[opcode.RELEASEDIR] = files.releasedir;
  table[opcode.FSYNCDIR] = files.fsyncdir;
  table[opcode.GETLK] = locks.getlk;
  table[opcode.SETLK] = locks.setlk;
  table[opcode.SETLKW] = locks.setlkw;
  table[opcode.ACCESS] = attributes.access;
  table[opcode.CREATE] = files.create;
  table[opcode.IOCTL] = files.ioctl;
  table[opcode.POLL] = files.poll;
  table[opcode.FALLOCATE] = files.fallocate;
  table[opcode.READDIRPLUS] = directories.readdirplus;
  table[opcode.RENAME2] = names.rename2;
  table[opcode.LSEEK] = files.lseek;
  table[opcode.COPY_FILE_RANGE] = files.copyFileRange;
  table[opcode.SYNCFS] = attributes.syncfs;
  table[opcode.TMPFILE] = files.tmpfile;
  table[opcode.STATX] = attributes.statx;
  table[opcode.COPY_FILE_RANGE_64] = files.copyFileRange64;
  return table;
})();
