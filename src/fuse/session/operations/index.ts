import { opcode } from '../../protocol/index.ts';
import * as attributes from './attributes.ts';
import * as data from './data.ts';
import * as devices from './devices.ts';
import * as directories from './directories.ts';
import * as locks from './locks.ts';
import * as names from './names.ts';
import * as open from './open.ts';
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
  table[opcode.OPEN] = open.open;
  table[opcode.READ] = data.read;
  table[opcode.WRITE] = data.write;
  table[opcode.STATFS] = attributes.statfs;
  table[opcode.RELEASE] = open.release;
  table[opcode.FSYNC] = open.fsync;
  table[opcode.SETXATTR] = xattrs.setxattr;
  table[opcode.GETXATTR] = xattrs.getxattr;
  table[opcode.LISTXATTR] = xattrs.listxattr;
  table[opcode.REMOVEXATTR] = xattrs.removexattr;
  table[opcode.FLUSH] = open.flush;
  table[opcode.OPENDIR] = open.opendir;
  table[opcode.READDIR] = directories.readdir;
  table[opcode.RELEASEDIR] = open.releasedir;
  table[opcode.FSYNCDIR] = open.fsyncdir;
  table[opcode.GETLK] = locks.getlk;
  table[opcode.SETLK] = locks.setlk;
  table[opcode.SETLKW] = locks.setlkw;
  table[opcode.ACCESS] = attributes.access;
  table[opcode.CREATE] = open.create;
  table[opcode.IOCTL] = devices.ioctl;
  table[opcode.POLL] = devices.poll;
  table[opcode.FALLOCATE] = data.fallocate;
  table[opcode.READDIRPLUS] = directories.readdirplus;
  table[opcode.RENAME2] = names.rename2;
  table[opcode.LSEEK] = data.lseek;
  table[opcode.COPY_FILE_RANGE] = data.copyFileRange;
  table[opcode.SYNCFS] = attributes.syncfs;
  table[opcode.TMPFILE] = open.tmpfile;
  table[opcode.STATX] = attributes.statx;
  table[opcode.COPY_FILE_RANGE_64] = data.copyFileRange64;
  return table;
})();
