import {
  type AttributeChanges,
  type Attributes,
  errno,
  type FileSystemStatistics,
  nameToBytes,
  PATH_MAX,
  type StatxAnswer,
  type Timespec,
} from '../../../vfs/index.ts';
import {
  FATTR_ATIME,
  FATTR_ATIME_NOW,
  FATTR_CTIME,
  FATTR_FH,
  FATTR_GID,
  FATTR_KILL_SUIDGID,
  FATTR_LOCKOWNER,
  FATTR_MODE,
  FATTR_MTIME,
  FATTR_MTIME_NOW,
  FATTR_SIZE,
  FATTR_UID,
  FUSE_GETATTR_FH,
  fuse_attr_out,
  fuse_statfs_out,
  fuse_statx_out,
  IN_HEADER_SIZE,
  OUT_HEADER_SIZE,
  readS64,
  writeAttrOut,
  writeTimeout,
} from '../../protocol/index.ts';
import { bad, checkAttributes, checkCount, checkU32 } from '../bad-answer.ts';
import type { Exchange } from '../exchange.ts';
import { handleArgument } from './arguments.ts';
import { emptyReply, type Operation } from './operation.ts';

function replyAttributes(exchange: Exchange, attributes: Attributes): number {
  checkAttributes(attributes);
  writeAttrOut(exchange.reply, OUT_HEADER_SIZE, attributes, exchange.core.attributeTimeout);
  return OUT_HEADER_SIZE + fuse_attr_out.size;
}

export const getattr: Operation<Attributes> = {
  least: 16,
  exact: true,
  run: (exchange) => {
    const fh = (exchange.word(0) & FUSE_GETATTR_FH) === 0 ? undefined : handleArgument(exchange, 2);
    return exchange.core.filesystem.getattr(exchange.node, fh, exchange);
  },
  reply: replyAttributes,
};

function time(exchange: Exchange, secondsAt: number, nanosecondsAt: number): Timespec {
  const sec = Number(readS64(exchange.request.words, IN_HEADER_SIZE / 4 + secondsAt));
  return { sec, nsec: exchange.word(nanosecondsAt) };
}

/** Words of struct fuse_setattr_in. */
function changesOf(exchange: Exchange): AttributeChanges {
  const valid = exchange.word(0);
  const changes: { -readonly [Key in keyof AttributeChanges]: AttributeChanges[Key] } = {};
  if (valid & FATTR_MODE) changes.mode = exchange.word(17);
  if (valid & FATTR_UID) changes.uid = exchange.word(19);
  if (valid & FATTR_GID) changes.gid = exchange.word(20);
  if (valid & FATTR_SIZE) {
    changes.size = exchange.number(4);
    if (changes.size === Number.POSITIVE_INFINITY) throw errno.EFBIG;
  }
  if (valid & FATTR_ATIME_NOW) changes.atime = 'now';
  else if (valid & FATTR_ATIME) changes.atime = time(exchange, 8, 14);
  if (valid & FATTR_MTIME_NOW) changes.mtime = 'now';
  else if (valid & FATTR_MTIME) changes.mtime = time(exchange, 10, 15);
  if (valid & FATTR_CTIME) changes.ctime = time(exchange, 12, 16);
  if (valid & FATTR_KILL_SUIDGID) changes.killPrivileges = true;
  if (valid & FATTR_LOCKOWNER) changes.lockOwner = exchange.u64(6);
  return changes;
}

export const setattr: Operation<Attributes> = {
  least: 88,
  exact: true,
  run: (exchange) => {
    const { filesystem } = exchange.core;
    if (filesystem.setattr === undefined) return errno.ENOSYS;
    const fh = (exchange.word(0) & FATTR_FH) === 0 ? undefined : handleArgument(exchange, 2);
    return filesystem.setattr(exchange.node, changesOf(exchange), fh, exchange);
  },
  reply: replyAttributes,
};

const sxTime = ({ sec, nsec }: Timespec) => ({ tv_sec: sec, tv_nsec: nsec });
// new_decode_dev (include/linux/kdev_t.h).
const major = (rdev: number): number => (rdev & 0xfff00) >>> 8;
const minor = (rdev: number): number => (rdev & 0xff) | ((rdev >>> 12) & 0xfff00);

export const statx: Operation<StatxAnswer> = {
  least: 24,
  exact: true,
  run: (exchange) => {
    const { filesystem } = exchange.core;
    // The kernel then asks for attributes instead (fuse_do_statx, fs/fuse/dir.c).
    if (filesystem.statx === undefined) return errno.ENOSYS;
    const fh = (exchange.word(0) & FUSE_GETATTR_FH) === 0 ? undefined : handleArgument(exchange, 2);
    return filesystem.statx(exchange.node, fh, exchange.word(4), exchange.word(5), exchange);
  },
  reply: (exchange, answer) => {
    if (typeof answer !== 'object' || answer === null) bad('statx', 'an object', answer);
    const { attributes, btime } = answer;
    checkAttributes(attributes);
    checkAttributes({ ...attributes, ctime: btime });
    checkU32('statx.mask', answer.mask);
    checkCount('statx.attributeFlags', answer.attributeFlags, Number.MAX_SAFE_INTEGER);
    checkCount('statx.attributeMask', answer.attributeMask, Number.MAX_SAFE_INTEGER);
    const { mode, nlink, uid, gid, ino, size, blocks, blksize, rdev } = attributes;
    fuse_statx_out.write(exchange.reply, OUT_HEADER_SIZE, {
      attr_valid: 0,
      attr_valid_nsec: 0,
      flags: 0,
      stat: {
        mask: answer.mask,
        blksize,
        attributes: answer.attributeFlags,
        nlink,
        uid,
        gid,
        mode,
        ino,
        size,
        blocks,
        attributes_mask: answer.attributeMask,
        atime: sxTime(attributes.atime),
        btime: sxTime(btime),
        ctime: sxTime(attributes.ctime),
        mtime: sxTime(attributes.mtime),
        rdev_major: major(rdev),
        rdev_minor: minor(rdev),
        dev_major: 0,
        dev_minor: 0,
      },
    });
    const i = OUT_HEADER_SIZE / 4;
    writeTimeout(exchange.reply.words, i, i + 2, exchange.core.attributeTimeout);
    return OUT_HEADER_SIZE + fuse_statx_out.size;
  },
};

export const access: Operation<void> = {
  least: 8,
  exact: true,
  run: (exchange) => {
    const { filesystem } = exchange.core;
    if (filesystem.access === undefined) return errno.ENOSYS;
    return filesystem.access(exchange.node, exchange.word(0), exchange);
  },
  reply: emptyReply,
};

export const readlink: Operation<string> = {
  least: 0,
  exact: true,
  run: (exchange) => {
    const { filesystem } = exchange.core;
    return filesystem.readlink === undefined ? errno.ENOSYS : filesystem.readlink(exchange.node, exchange);
  },
  reply: (exchange, target) => {
    if (typeof target !== 'string') bad('readlink', 'a string', target);
    const bytes = nameToBytes(target);
    if (bytes.length >= PATH_MAX || bytes.includes(0))
      bad('readlink', `at most ${PATH_MAX - 1} bytes without NUL`, `${bytes.length} bytes`);
    exchange.reserve(OUT_HEADER_SIZE + bytes.length);
    exchange.reply.bytes.set(bytes, OUT_HEADER_SIZE);
    return OUT_HEADER_SIZE + bytes.length;
  },
};

export const statfs: Operation<FileSystemStatistics> = {
  least: 0,
  exact: true,
  run: (exchange) => {
    const { filesystem } = exchange.core;
    return filesystem.statfs === undefined ? errno.ENOSYS : filesystem.statfs(exchange.node, exchange);
  },
  reply: (exchange, answer) => {
    if (typeof answer !== 'object' || answer === null) bad('statfs', 'an object', answer);
    const { bsize, frsize, blocks, bfree, bavail, files, ffree, namelen } = answer;
    for (const [key, value] of Object.entries({ blocks, bfree, bavail, files, ffree }))
      checkCount(`statfs.${key}`, value, Number.MAX_SAFE_INTEGER);
    for (const [key, value] of Object.entries({ bsize, frsize, namelen })) checkU32(`statfs.${key}`, value);
    const st = { bsize, frsize, blocks, bfree, bavail, files, ffree, namelen };
    fuse_statfs_out.write(exchange.reply, OUT_HEADER_SIZE, { st });
    return OUT_HEADER_SIZE + fuse_statfs_out.size;
  },
};

export const syncfs: Operation<void> = {
  least: 8,
  exact: true,
  run: (exchange) => {
    const { filesystem } = exchange.core;
    return filesystem.syncfs === undefined ? errno.ENOSYS : filesystem.syncfs(exchange.node, exchange);
  },
  reply: emptyReply,
};
