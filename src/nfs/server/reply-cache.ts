import type { CallMemory, ServedCall, Verdict } from '../rpc/index.ts';
import type { Peer } from './core.ts';
import type { ReplyCacheHabit, ReplyCacheKey } from './options.ts';

/** Bytes of a call that are compared (RC_CSUMLEN, fs/nfsd/cache.h, takes as many of the arguments). */
const COMPARED = 256;

/** The duplicate request cache (fs/nfsd/nfscache.c): what was answered to calls that must not run twice. */
export class ReplyCache implements CallMemory<Peer> {
  readonly #habit: ReplyCacheHabit & { readonly kind: 'on' };
  /** By key, oldest first; undefined while the call runs. */
  readonly #replies = new Map<string, Uint8Array | undefined>();

  constructor(habit: ReplyCacheHabit & { readonly kind: 'on' }) {
    this.#habit = habit;
  }

  /** Calls that are remembered. */
  get size(): number {
    return this.#replies.size;
  }

  judge(record: Uint8Array, call: ServedCall<Peer>): Verdict {
    const key = keyOf(this.#habit.key, record, call);
    if (this.#replies.has(key)) {
      const reply = this.#replies.get(key);
      return reply === undefined ? { kind: 'drop' } : { kind: 'replay', reply };
    }
    if (this.#habit.inProgress) this.#keep(key, undefined);
    return { kind: 'run', keep: (reply) => this.#keep(key, reply) };
  }

  /** The server went down: what was running is answered by nobody. */
  interrupt(): void {
    for (const [key, reply] of this.#replies) if (reply === undefined) this.#replies.delete(key);
  }

  #keep(key: string, reply: Uint8Array | undefined): void {
    this.#replies.set(key, reply);
    if (this.#replies.size > this.#habit.size)
      for (const oldest of this.#replies.keys()) {
        this.#replies.delete(oldest);
        break;
      }
  }
}

function keyOf(key: ReplyCacheKey, record: Uint8Array, { header, peer }: ServedCall<Peer>): string {
  const call = key.call === 'xid' ? '' : checksum(record);
  const caller = key.caller === 'none' ? '' : peer.host.address;
  return `${header.xid} ${call} ${caller} ${key.caller === 'port' ? peer.port : ''}`;
}

/** FNV-1a over the beginning of a call, and its length. */
function checksum(record: Uint8Array): number {
  let hash = record.length ^ 0x811c9dc5;
  const end = Math.min(record.length, COMPARED);
  for (let i = 0; i < end; i++) hash = Math.imul(hash ^ record[i], 0x01000193);
  return hash >>> 0;
}
