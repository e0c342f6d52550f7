import {
  type Attributes,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
  type Timespec,
} from '../../../vfs/index.ts';
import type { Fattr, FileType, WccAttributes } from '../../protocol/index.ts';
import type { ServedVolume } from './volume.ts';

const types: ReadonlyMap<number, FileType> = new Map([
  [S_IFREG, 'REG'],
  [S_IFDIR, 'DIR'],
  [S_IFBLK, 'BLK'],
  [S_IFCHR, 'CHR'],
  [S_IFLNK, 'LNK'],
  [S_IFSOCK, 'SOCK'],
  [S_IFIFO, 'FIFO'],
]);

/** How a volume's attributes are told. */
type Told = Pick<ServedVolume, 'fsid' | 'times'>;

/** A time as clients get to know it. */
export const toldTime = (time: Timespec, times: ServedVolume['times']): Timespec =>
  times === 'exact' ? time : { sec: time.sec, nsec: 0 };

/** fattr3 of attributes; device numbers are taken apart as Linux' new_decode_dev does. */
export function fattrOf(attributes: Attributes, { fsid, times }: Told): Fattr {
  const { mode, rdev } = attributes;
  return {
    type: types.get(mode & S_IFMT) ?? 'REG',
    mode: mode & 0o7777,
    nlink: attributes.nlink,
    uid: attributes.uid,
    gid: attributes.gid,
    size: attributes.size,
    used: attributes.blocks * 512,
    rdev: { major: (rdev >>> 8) & 0xfff, minor: (rdev & 0xff) | ((rdev >>> 12) & 0xfff00) },
    fsid,
    fileid: attributes.ino,
    atime: toldTime(attributes.atime, times),
    mtime: toldTime(attributes.mtime, times),
    ctime: toldTime(attributes.ctime, times),
  };
}

/** new_encode_dev: the device number of major and minor. */
export const deviceNumber = (major: number, minor: number): number =>
  ((minor & 0xff) | ((major & 0xfff) << 8) | ((minor & 0xfff00) << 12)) >>> 0;

export const wccOf = ({ size, mtime, ctime }: Attributes, { times }: Told): WccAttributes => ({
  size,
  mtime: toldTime(mtime, times),
  ctime: toldTime(ctime, times),
});
