import { errno, type Handle, type NodeId } from '../../../vfs/index.ts';
import { OUT_HEADER_SIZE } from '../../protocol/index.ts';
import { mismatch } from '../../protocol/malformed.ts';
import type { Exchange } from '../exchange.ts';

/** Where results start, in words. */
export const RESULT_WORD = OUT_HEADER_SIZE / 4;

/** Handle at word `i` of the arguments; EBADF where it is none that a filesystem can have given. */
export function handleArgument(exchange: Exchange, i: number): Handle {
  const fh = exchange.number(i);
  if (fh === Number.POSITIVE_INFINITY) throw errno.EBADF;
  return fh;
}

/** Node id at word `i` of the arguments; ESTALE where the kernel was not given it. */
export function nodeArgument(exchange: Exchange, i: number): NodeId {
  const node = exchange.number(i);
  if (!exchange.core.knows(node)) throw errno.ESTALE;
  return node;
}

/** More than a real kernel ever asks for, and still no memory to speak of. */
const LARGEST_RESULT = 1 << 24;

/** A number of bytes that the kernel wants; a hostile one must not make us allocate gigabytes. */
export function checkedSize(size: number): number {
  if (size > LARGEST_RESULT) mismatch(`at most ${LARGEST_RESULT} bytes to be asked for`, size);
  return size;
}

/** The name of what MKNOD or CREATE makes, and the caller's umask before it, which is not there below 7.12. */
export function nameBehindUmask(exchange: Exchange): string {
  if ((exchange.core.negotiated?.minor ?? 0) < 12) return exchange.lastName(8);
  exchange.umask = exchange.word(2);
  return exchange.lastName(16);
}
