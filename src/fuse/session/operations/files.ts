import { type Created, errno, type Handle, type IoctlAnswer, type Opened, type U64 } from '../../../vfs/index.ts';
import {
  FOPEN_CACHE_DIR,
  FOPEN_DIRECT_IO,
  FOPEN_KEEP_CACHE,
  FOPEN_NOFLUSH,
  FOPEN_NONSEEKABLE,
  FOPEN_PARALLEL_DIRECT_WRITES,
  FOPEN_STREAM,
  FUSE_FSYNC_FDATASYNC,
  FUSE_POLL_SCHEDULE_NOTIFY,
  FUSE_RELEASE_FLOCK_UNLOCK,
  FUSE_WRITE_CACHE,
  FUSE_WRITE_KILL_SUIDGID,
  FUSE_WRITE_LOCKOWNER,
  fuse_entry_out,
  fuse_ioctl_out,
  IN_HEADER_SIZE,
  initFlags,
  OUT_HEADER_SIZE,
  writeU64,
} from '../../protocol/index.ts';
import { mismatch } from '../../protocol/malformed.ts';
import { bad, checkCount, checkOpened, checkU32 } from '../bad-answer.ts';
import type { Exchange } from '../exchange.ts';
import { giveEntry, nodeArgument } from './names.ts';
import { emptyReply, type Operation } from './operation.ts';

const RESULT_WORD = OUT_HEADER_SIZE / 4;

/** Handle at word `i` of the arguments; EBADF where it is none that a filesystem can have given. */
export function handleArgument(exchange: Exchange, i: number): Handle {
  const fh = exchange.number(i);
  if (fh === Number.POSITIVE_INFINITY) throw errno.EBADF;
  return fh;
}

function openFlags(opened: Opened): number {
  return (
    (opened.directIo ? FOPEN_DIRECT_IO : 0) |
    (opened.keepCache ? FOPEN_KEEP_CACHE : 0) |
    (opened.nonseekable ? FOPEN_NONSEEKABLE : 0) |
    (opened.cacheDirectory ? FOPEN_CACHE_DIR : 0) |
    (opened.stream ? FOPEN_STREAM : 0) |
    (opened.noFlush ? FOPEN_NOFLUSH : 0) |
    (opened.parallelDirectWrites ? FOPEN_PARALLEL_DIRECT_WRITES : 0)
  );
}

function writeOpened(exchange: Exchange, i: number, opened: Opened, more: number): void {
  const { words } = exchange.reply;
  writeU64(words, i, opened.fh);
  words[i + 2] = openFlags(opened) | more;
  words[i + 3] = 0;
}

/** What the session adds to every open file. */
const fileFlags = (exchange: Exchange): number => (exchange.core.directIo ? FOPEN_DIRECT_IO : 0);

function replyOpened(exchange: Exchange, opened: Opened): number {
  checkOpened(opened);
  writeOpened(exchange, RESULT_WORD, opened, fileFlags(exchange));
  return OUT_HEADER_SIZE + 16;
}

function replyOpenedDirectory(exchange: Exchange, opened: Opened): number {
  checkOpened(opened);
  writeOpened(exchange, RESULT_WORD, opened, 0);
  return OUT_HEADER_SIZE + 16;
}

const handleZero: Opened = { fh: 0 };

/** Without the method ENOSYS, upon which the kernel asks no more; handle 0 where it could not understand that. */
const withoutOpen = (exchange: Exchange, support: number) =>
  (exchange.core.offered & support) === 0 ? handleZero : errno.ENOSYS;

export const open: Operation<Opened> = {
  least: 8,
  exact: true,
  run: (exchange) => {
    const { filesystem } = exchange.core;
    if (filesystem.open === undefined)
      return exchange.core.directIo ? handleZero : withoutOpen(exchange, initFlags.NO_OPEN_SUPPORT);
    return filesystem.open(exchange.node, exchange.word(0), exchange);
  },
  reply: replyOpened,
  undelivered: (exchange, opened) =>
    exchange.core.filesystem.release?.(exchange.node, opened.fh, 0, exchange, undefined),
};

export const opendir: Operation<Opened> = {
  least: 8,
  exact: true,
  run: (exchange) => {
    const { filesystem } = exchange.core;
    if (filesystem.opendir === undefined) return withoutOpen(exchange, initFlags.NO_OPENDIR_SUPPORT);
    return filesystem.opendir(exchange.node, exchange.word(0), exchange);
  },
  reply: replyOpenedDirectory,
  undelivered: (exchange, opened) => exchange.core.filesystem.releasedir?.(exchange.node, opened.fh, exchange),
};

const createdResult = {
  reply: (exchange: Exchange, created: Created): number => {
    if (typeof created !== 'object' || created === null) bad('create', 'an object', created);
    checkOpened(created.opened);
    giveEntry(exchange, OUT_HEADER_SIZE, created.entry);
    writeOpened(exchange, RESULT_WORD + fuse_entry_out.size / 4, created.opened, fileFlags(exchange));
    return OUT_HEADER_SIZE + fuse_entry_out.size + 16;
  },
  undelivered: (exchange: Exchange, { entry, opened }: Created): unknown => {
    const { core } = exchange;
    const released = core.filesystem.release?.(entry.node, opened.fh, 0, exchange, undefined);
    core.forget(entry.node, 1);
    return released;
  },
};

export const create: Operation<Created> = {
  least: 8,
  run: (exchange) => {
    const { filesystem } = exchange.core;
    // Below 7.12 there is no umask.
    const compat = (exchange.core.negotiated?.minor ?? 0) < 12;
    if (!compat) exchange.umask = exchange.word(2);
    const name = exchange.lastName(compat ? 8 : 16);
    // The kernel then makes the file with MKNOD and opens it (fuse_atomic_open, fs/fuse/dir.c).
    if (filesystem.create === undefined) return errno.ENOSYS;
    return filesystem.create(exchange.node, name, exchange.word(1), exchange.word(0), exchange);
  },
  ...createdResult,
};

export const tmpfile: Operation<Created> = {
  least: 16,
  run: (exchange) => {
    const { filesystem } = exchange.core;
    exchange.umask = exchange.word(2);
    exchange.lastName(16);
    if (filesystem.tmpfile === undefined) return errno.ENOSYS;
    return filesystem.tmpfile(exchange.node, exchange.word(1), exchange.word(0), exchange);
  },
  ...createdResult,
};

export const read: Operation<number> = {
  least: 40,
  exact: true,
  run: (exchange) => {
    const { filesystem } = exchange.core;
    const fh = handleArgument(exchange, 0);
    const offset = exchange.number(2);
    const into = exchange.results(checkedSize(exchange.word(4)));
    if (filesystem.read === undefined) return errno.ENOSYS;
    // No file is that large: its end is before.
    if (offset === Number.POSITIVE_INFINITY) return 0;
    return filesystem.read(exchange.node, fh, into, offset, exchange);
  },
  reply: (exchange, count) => {
    checkCount('read', count, exchange.size);
    return OUT_HEADER_SIZE + count;
  },
};

/** More than a real kernel ever asks for, and still no memory to speak of. */
const LARGEST_RESULT = 1 << 24;

/** A number of bytes that the kernel wants; a hostile one must not make us allocate gigabytes. */
export function checkedSize(size: number): number {
  if (size > LARGEST_RESULT) mismatch(`at most ${LARGEST_RESULT} bytes to be asked for`, size);
  return size;
}

export const write: Operation<number> = {
  least: 40,
  run: (exchange) => {
    const { core } = exchange;
    const { filesystem } = core;
    const start = IN_HEADER_SIZE + 40;
    const size = exchange.word(4);
    if (size !== exchange.end - start) mismatch(`${size} bytes of data`, exchange.end - start);
    const fh = handleArgument(exchange, 0);
    const offset = exchange.number(2);
    if (filesystem.write === undefined) return errno.ENOSYS;
    if (offset === Number.POSITIVE_INFINITY) return errno.EFBIG;
    exchange.size = size;
    const flags = exchange.word(5);
    const options = exchange.writeOptions;
    options.flags = exchange.word(8);
    options.fromCache = (flags & FUSE_WRITE_CACHE) !== 0;
    options.killPrivileges = (flags & FUSE_WRITE_KILL_SUIDGID) !== 0;
    options.lockOwner = (flags & FUSE_WRITE_LOCKOWNER) === 0 ? undefined : exchange.u64(6);
    const data = core.data(exchange.request, start, exchange.end);
    return filesystem.write(exchange.node, fh, data, offset, exchange, options);
  },
  reply: (exchange, count) => {
    checkCount('write', count, exchange.size);
    const { words } = exchange.reply;
    words[RESULT_WORD] = count;
    words[RESULT_WORD + 1] = 0;
    return OUT_HEADER_SIZE + 8;
  },
};

export const flush: Operation<void> = {
  least: 24,
  exact: true,
  run: (exchange) => {
    const { filesystem } = exchange.core;
    if (filesystem.flush === undefined) return errno.ENOSYS;
    return filesystem.flush(exchange.node, handleArgument(exchange, 0), exchange.u64(4), exchange);
  },
  reply: emptyReply,
};

export const release: Operation<void> = {
  least: 24,
  exact: true,
  run: (exchange) => {
    const { filesystem } = exchange.core;
    if (filesystem.release === undefined) return errno.ENOSYS;
    const unlock = (exchange.word(3) & FUSE_RELEASE_FLOCK_UNLOCK) !== 0;
    const owner: U64 | undefined = unlock ? exchange.u64(4) : undefined;
    return filesystem.release(exchange.node, handleArgument(exchange, 0), exchange.word(2), exchange, owner);
  },
  reply: emptyReply,
};

export const releasedir: Operation<void> = {
  least: 24,
  exact: true,
  run: (exchange) => {
    const { filesystem } = exchange.core;
    if (filesystem.releasedir === undefined) return errno.ENOSYS;
    return filesystem.releasedir(exchange.node, handleArgument(exchange, 0), exchange);
  },
  reply: emptyReply,
};

const dataOnly = (exchange: Exchange): boolean => (exchange.word(2) & FUSE_FSYNC_FDATASYNC) !== 0;

export const fsync: Operation<void> = {
  least: 16,
  exact: true,
  run: (exchange) => {
    const { filesystem } = exchange.core;
    if (filesystem.fsync === undefined) return errno.ENOSYS;
    return filesystem.fsync(exchange.node, handleArgument(exchange, 0), dataOnly(exchange), exchange);
  },
  reply: emptyReply,
};

export const fsyncdir: Operation<void> = {
  least: 16,
  exact: true,
  run: (exchange) => {
    const { filesystem } = exchange.core;
    if (filesystem.fsyncdir === undefined) return errno.ENOSYS;
    return filesystem.fsyncdir(exchange.node, handleArgument(exchange, 0), dataOnly(exchange), exchange);
  },
  reply: emptyReply,
};

export const fallocate: Operation<void> = {
  least: 32,
  exact: true,
  run: (exchange) => {
    const { filesystem } = exchange.core;
    if (filesystem.fallocate === undefined) return errno.ENOSYS;
    const offset = exchange.number(2);
    const length = exchange.number(4);
    if (!Number.isSafeInteger(offset + length)) return errno.EFBIG;
    return filesystem.fallocate(exchange.node, handleArgument(exchange, 0), exchange.word(6), offset, length, exchange);
  },
  reply: emptyReply,
};

function replyU64(exchange: Exchange, value: number): number {
  writeU64(exchange.reply.words, RESULT_WORD, value);
  return OUT_HEADER_SIZE + 8;
}

export const lseek: Operation<number> = {
  least: 24,
  exact: true,
  run: (exchange) => {
    const { filesystem } = exchange.core;
    if (filesystem.lseek === undefined) return errno.ENOSYS;
    const offset = exchange.number(2);
    if (offset === Number.POSITIVE_INFINITY) return errno.ENXIO;
    return filesystem.lseek(exchange.node, handleArgument(exchange, 0), offset, exchange.word(4), exchange);
  },
  reply: (exchange, offset) => {
    checkCount('lseek', offset, Number.MAX_SAFE_INTEGER);
    return replyU64(exchange, offset);
  },
};

/** `most`: the largest count that the reply can carry. */
const copyWith = (most: number, reply: (exchange: Exchange, count: number) => number): Operation<number> => ({
  least: 56,
  exact: true,
  run: (exchange) => {
    const { filesystem } = exchange.core;
    if (filesystem.copyFileRange === undefined) return errno.ENOSYS;
    if (exchange.u64(12) !== 0) return errno.EINVAL;
    const offsetIn = exchange.number(2);
    const offsetOut = exchange.number(8);
    if (offsetIn === Number.POSITIVE_INFINITY) return 0;
    const length = Math.min(exchange.number(10), most, Number.MAX_SAFE_INTEGER - offsetIn);
    if (offsetOut + length > Number.MAX_SAFE_INTEGER) return errno.EFBIG;
    exchange.size = length;
    return filesystem.copyFileRange(
      exchange.node,
      handleArgument(exchange, 0),
      offsetIn,
      nodeArgument(exchange, 4),
      handleArgument(exchange, 6),
      offsetOut,
      length,
      exchange,
    );
  },
  reply: (exchange, count) => {
    checkCount('copyFileRange', count, exchange.size);
    return reply(exchange, count);
  },
});

// A count of whole 32 bits would look negative to the kernel's callers: it asks for less (fuse_copy_file_range, fs/fuse/file.c).
export const copyFileRange = copyWith(0xffff_f000, replyU64);
export const copyFileRange64 = copyWith(Number.MAX_SAFE_INTEGER, replyU64);

export const ioctl: Operation<IoctlAnswer> = {
  least: 32,
  run: (exchange) => {
    const { filesystem } = exchange.core;
    const start = IN_HEADER_SIZE + 32;
    const inputSize = exchange.word(6);
    if (inputSize !== exchange.end - start) mismatch(`${inputSize} bytes of input`, exchange.end - start);
    if (filesystem.ioctl === undefined) return errno.ENOSYS;
    exchange.size = checkedSize(exchange.word(7));
    return filesystem.ioctl(
      exchange.node,
      handleArgument(exchange, 0),
      exchange.word(3),
      exchange.u64(4),
      exchange.request.bytes.slice(start, exchange.end),
      exchange.size,
      exchange.word(2),
      exchange,
    );
  },
  reply: (exchange, answer) => {
    if (typeof answer !== 'object' || answer === null) bad('ioctl', 'an object', answer);
    const { result, data } = answer;
    if (!Number.isInteger(result) || (result | 0) !== result) bad('ioctl.result', 'a 32-bit integer', result);
    if (!(data instanceof Uint8Array) || data.length > exchange.size)
      bad('ioctl.data', `at most ${exchange.size} bytes`, data);
    const end = OUT_HEADER_SIZE + fuse_ioctl_out.size + data.length;
    exchange.reserve(end);
    fuse_ioctl_out.write(exchange.reply, OUT_HEADER_SIZE, { result, flags: 0, in_iovs: 0, out_iovs: 0 });
    exchange.reply.bytes.set(data, OUT_HEADER_SIZE + fuse_ioctl_out.size);
    return end;
  },
};

export const poll: Operation<number> = {
  least: 24,
  exact: true,
  run: (exchange) => {
    const { filesystem } = exchange.core;
    if (filesystem.poll === undefined) return errno.ENOSYS;
    const wakeup = (exchange.word(4) & FUSE_POLL_SCHEDULE_NOTIFY) !== 0;
    const handle = wakeup ? exchange.u64(2) : undefined;
    return filesystem.poll(exchange.node, handleArgument(exchange, 0), exchange.word(5), handle, exchange);
  },
  reply: (exchange, events) => {
    checkU32('poll', events);
    const { words } = exchange.reply;
    words[RESULT_WORD] = events;
    words[RESULT_WORD + 1] = 0;
    return OUT_HEADER_SIZE + 8;
  },
};
