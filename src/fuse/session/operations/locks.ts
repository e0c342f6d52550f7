import { errno, type FileLock, type LockType } from '../../../vfs/index.ts';
import {
  F_RDLCK,
  F_UNLCK,
  F_WRLCK,
  FUSE_LK_FLOCK,
  fuse_lk_out,
  OFFSET_MAX,
  OUT_HEADER_SIZE,
} from '../../protocol/index.ts';
import { mismatch } from '../../protocol/malformed.ts';
import { bad, checkU32 } from '../bad-answer.ts';
import type { Exchange } from '../exchange.ts';
import { handleArgument } from './arguments.ts';
import { emptyReply, type Operation } from './operation.ts';

const types: readonly LockType[] = ['read', 'write', 'unlock'];
const numbers: Readonly<Record<LockType, number>> = { read: F_RDLCK, write: F_WRLCK, unlock: F_UNLCK };

// Words of struct fuse_lk_in.
const OWNER = 2;
const START = 4;
const END = 6;
const TYPE = 8;
const PID = 9;
const FLAGS = 10;

function lockType(exchange: Exchange): LockType {
  const number = exchange.word(TYPE);
  return types[number] ?? mismatch('a lock type from 0 to 2', number);
}

function lockOf(exchange: Exchange): FileLock {
  const start = exchange.number(START);
  // A file of 2^53 bytes cannot be: a lock that starts there is refused, one that ends there has no end.
  if (start === Number.POSITIVE_INFINITY) throw errno.EOVERFLOW;
  return { type: lockType(exchange), start, end: exchange.number(END), pid: exchange.word(PID) };
}

export const getlk: Operation<FileLock> = {
  least: 48,
  exact: true,
  run: (exchange) => {
    const { filesystem } = exchange.core;
    if (filesystem.getlk === undefined) return errno.ENOSYS;
    const fh = handleArgument(exchange, 0);
    return filesystem.getlk(exchange.node, fh, lockOf(exchange), exchange.u64(OWNER), exchange);
  },
  reply: (exchange, lock) => {
    if (typeof lock !== 'object' || lock === null) bad('getlk', 'an object', lock);
    const { type, start, end, pid } = lock;
    if (!Object.hasOwn(numbers, type)) bad('getlk.type', 'read, write or unlock', type);
    if (!Number.isSafeInteger(start) || start < 0 || !(end >= start))
      bad('getlk', 'a start from 0 on and an end not before it', `${start} to ${end}`);
    checkU32('getlk.pid', pid);
    fuse_lk_out.write(exchange.reply, OUT_HEADER_SIZE, {
      lk: { start, end: Number.isSafeInteger(end) ? end : OFFSET_MAX, type: numbers[type], pid },
    });
    return OUT_HEADER_SIZE + fuse_lk_out.size;
  },
};

const setlkWith = (wait: boolean): Operation<void> => ({
  least: 48,
  exact: true,
  run: (exchange) => {
    const { filesystem } = exchange.core;
    const fh = handleArgument(exchange, 0);
    const owner = exchange.u64(OWNER);
    if ((exchange.word(FLAGS) & FUSE_LK_FLOCK) !== 0) {
      if (filesystem.flock === undefined) return errno.ENOSYS;
      return filesystem.flock(exchange.node, fh, lockType(exchange), owner, wait, exchange);
    }
    if (filesystem.setlk === undefined) return errno.ENOSYS;
    return filesystem.setlk(exchange.node, fh, lockOf(exchange), owner, wait, exchange);
  },
  reply: emptyReply,
});

export const setlk = setlkWith(false);
export const setlkw = setlkWith(true);
