import {
  type AttributeChanges,
  type Attributes,
  compareTimes,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFREG,
  S_IFSOCK,
  type Timespec,
  type U64,
} from '../../vfs/index.ts';
import type { Fattr, FileType, SetAttributes } from '../protocol/index.ts';
import { deviceNumber } from '../server/files/attributes.ts';

const modes: Readonly<Record<FileType, number>> = {
  REG: S_IFREG,
  DIR: S_IFDIR,
  BLK: S_IFBLK,
  CHR: S_IFCHR,
  LNK: S_IFLNK,
  SOCK: S_IFSOCK,
  FIFO: S_IFIFO,
};

/** What stat shows as the preferred size of a transfer: version 3 does not carry one for each file. */
const BLOCK_SIZE = 4096;

const count = (value: U64): number => (typeof value === 'number' ? value : Number.MAX_SAFE_INTEGER);

/** Attributes as the contract has them. */
export function attributesOf(fattr: Fattr): Attributes {
  return {
    ino: fattr.fileid,
    mode: modes[fattr.type] | (fattr.mode & 0o7777),
    nlink: fattr.nlink,
    uid: fattr.uid,
    gid: fattr.gid,
    rdev: deviceNumber(fattr.rdev.major, fattr.rdev.minor),
    size: count(fattr.size),
    blocks: Math.ceil(count(fattr.used) / 512),
    blksize: BLOCK_SIZE,
    atime: timeOf(fattr.atime),
    mtime: timeOf(fattr.mtime),
    ctime: timeOf(fattr.ctime),
  };
}

/** A server may send any 32 bits as nanoseconds. */
const timeOf = ({ sec, nsec }: Timespec): Timespec => ({ sec, nsec: Math.min(nsec, 999_999_999) });

/** Whether the content or, of a directory, its names may be others. */
export const contentChanged = (before: Attributes, after: Attributes): boolean =>
  before.size !== after.size || compareTimes(before.mtime, after.mtime) !== 0;

/** Whether anything that a change leaves a trace in is another. */
export const changed = (before: Attributes, after: Attributes): boolean =>
  contentChanged(before, after) || compareTimes(before.ctime, after.ctime) !== 0;

/** Version 3 carries unsigned 32 bits of seconds: times before 1970 and after 2106 are cut to them. */
const carried = (time: Timespec | 'now' | undefined): Timespec | 'now' | undefined => {
  if (typeof time !== 'object') return time;
  if (time.sec < 0) return { sec: 0, nsec: 0 };
  return time.sec > 0xffffffff ? { sec: 0xffffffff, nsec: 999_999_999 } : time;
};

export function settable({ mode, uid, gid, size, atime, mtime }: AttributeChanges): SetAttributes {
  return {
    mode: mode === undefined ? undefined : mode & 0o7777,
    uid,
    gid,
    size,
    atime: carried(atime),
    mtime: carried(mtime),
  };
}
