import { errno } from '../../../vfs/index.ts';
import {
  FUSE_WRITE_CACHE,
  FUSE_WRITE_KILL_SUIDGID,
  FUSE_WRITE_LOCKOWNER,
  IN_HEADER_SIZE,
  OUT_HEADER_SIZE,
  writeU64,
} from '../../protocol/index.ts';
import { mismatch } from '../../protocol/malformed.ts';
import { checkCount } from '../bad-answer.ts';
import type { Exchange } from '../exchange.ts';
import { checkedSize, handleArgument, nodeArgument, RESULT_WORD } from './arguments.ts';
import { emptyReply, type Operation } from './operation.ts';

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

// The old reply counts in 32 bits: the kernel asks for whole pages below that (fuse_copy_file_range, fs/fuse/file.c).
export const copyFileRange = copyWith(0xffff_f000, replyU64);
export const copyFileRange64 = copyWith(Number.MAX_SAFE_INTEGER, replyU64);
