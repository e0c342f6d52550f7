import type { Answer, Errno } from '../../../vfs/index.ts';
import { OUT_HEADER_SIZE } from '../../protocol/index.ts';
import type { Exchange } from '../exchange.ts';

/** How one opcode is carried out: the call of the filesystem's method, and the reply from its answer. */
export interface Operation<T> {
  /** Bytes of fixed arguments. */
  readonly least: number;
  /** Nothing follows the fixed arguments. */
  readonly exact?: boolean;
  /** The header's node need not be one that the kernel was given. */
  readonly anyNode?: boolean;
  run(exchange: Exchange): Answer<T>;
  /** Writes the results behind the reply's header and returns the reply's length; throws `BadAnswer`. */
  reply(exchange: Exchange, answer: T): number;
  /** The length of a successful reply that stands for an error, or undefined where the error is the reply. */
  failed?(exchange: Exchange, error: Errno): number | undefined;
  /** The kernel did not take the reply: take back what it gave. */
  undelivered?(exchange: Exchange, answer: T): unknown;
}

/** The reply without results. */
export const emptyReply = (): number => OUT_HEADER_SIZE;
