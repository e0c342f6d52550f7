import { type Created, errno, type Opened, type U64 } from '../../../vfs/index.ts';
import {
  FOPEN_CACHE_DIR,
  FOPEN_DIRECT_IO,
  FOPEN_KEEP_CACHE,
  FOPEN_NOFLUSH,
  FOPEN_NONSEEKABLE,
  FOPEN_PARALLEL_DIRECT_WRITES,
  FOPEN_STREAM,
  FUSE_FSYNC_FDATASYNC,
  FUSE_RELEASE_FLOCK_UNLOCK,
  fuse_entry_out,
  initFlags,
  OUT_HEADER_SIZE,
  writeU64,
} from '../../protocol/index.ts';
import { bad, checkOpened } from '../bad-answer.ts';
import type { OpenPolicy } from '../core.ts';
import type { Exchange } from '../exchange.ts';
import { handleArgument, nameBehindUmask, RESULT_WORD } from './arguments.ts';
import { giveEntry } from './names.ts';
import { emptyReply, type Operation } from './operation.ts';

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

function writeOpened(exchange: Exchange, i: number, opened: Opened, policy: OpenPolicy): void {
  const { words } = exchange.reply;
  writeU64(words, i, opened.fh);
  words[i + 2] = (openFlags(opened) & ~policy.off) | policy.on;
  words[i + 3] = 0;
}

function replyOpened(exchange: Exchange, opened: Opened): number {
  checkOpened(opened);
  writeOpened(exchange, RESULT_WORD, opened, exchange.core.fileFlags);
  return OUT_HEADER_SIZE + 16;
}

function replyOpenedDirectory(exchange: Exchange, opened: Opened): number {
  checkOpened(opened);
  writeOpened(exchange, RESULT_WORD, opened, exchange.core.directoryFlags);
  return OUT_HEADER_SIZE + 16;
}

const handleZero: Opened = { fh: 0 };

/**
 * Without the method ENOSYS, upon which the kernel asks no more, and keeps what it has cached; handle 0 where it could not
 * understand that, or where the one who mounts has decided about the cache.
 */
const withoutOpen = (exchange: Exchange, support: number, decided: boolean) =>
  decided || (exchange.core.offered & support) === 0 ? handleZero : errno.ENOSYS;

export const open: Operation<Opened> = {
  least: 8,
  exact: true,
  run: (exchange) => {
    const { filesystem } = exchange.core;
    if (filesystem.open === undefined)
      return withoutOpen(exchange, initFlags.NO_OPEN_SUPPORT, exchange.core.fileFlags.decided);
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
    if (filesystem.opendir === undefined)
      return withoutOpen(exchange, initFlags.NO_OPENDIR_SUPPORT, exchange.core.directoryFlags.decided);
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
    writeOpened(exchange, RESULT_WORD + fuse_entry_out.size / 4, created.opened, exchange.core.fileFlags);
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
    const name = nameBehindUmask(exchange);
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
