import {
  fuse_copy_file_range_in,
  IN_HEADER_SIZE,
  type Message,
  opcode,
  type RequestHead,
  readU64,
} from '../../fuse/index.ts';
import { errnoNumbers, type U64 } from '../../vfs/index.ts';
import { type Consequence, consequenceOf } from './consequence.ts';
import type { Fate } from './lookahead.ts';

/** How a request of a recording under faults is replayed. */
export interface Treatment {
  /** Whether the filesystem gets it at all, and if so, only just before its reply. */
  readonly serve: 'now' | 'late' | 'never';
  /** What is answered to the replay's reply, as the kernel does: an errno number with which nobody took it, or 0. */
  readonly refused: number;
  /** The kernel got another answer than the filesystem gave. */
  readonly struck: boolean;
}

/** Where a struct fuse_entry_out names its node in a reply: 32-bit words. */
const ENTRY_NODE = 4;

/** Keeps what faults in a recording have done to the filesystem, as far as its answers show it. */
export class Struck {
  /** Files that hold other data than requests say, by their nodes in the recording. */
  readonly #files = new Set<U64>();
  /** Requests that never came to it. */
  readonly #unserved = new Set<U64>();

  /** How a request is to be replayed, by what becomes of it in the recording. */
  treat(head: RequestHead, { message }: { readonly message: Message }, { reply, faults }: Fate): Treatment {
    this.#copies(head, message);
    const came = new Set<Consequence>(faults.map((fault) => consequenceOf(fault, head)));
    const refused = reply?.refused ?? 0;
    if (came.has('unserved')) this.#unserved.add(head.unique);
    if (came.has('unserved') || this.#interruptsNothing(head, message))
      return { serve: 'never', refused, struck: true };
    if (came.has('data')) this.#files.add(head.nodeid);
    const lost = came.has('answer') && (reply === undefined || reply.message.words[1] !== 0);
    return {
      serve: came.has('late') && reply !== undefined ? 'late' : 'now',
      // The filesystem takes back what nobody got.
      refused: lost && refused === 0 ? errnoNumbers.ENOENT : refused,
      struck: came.has('answer') || came.has('data'),
    };
  }

  wasServed(unique: U64): boolean {
    return !this.#unserved.has(unique);
  }

  #interruptsNothing({ code }: RequestHead, { words }: Message): boolean {
    return code === opcode.INTERRUPT && this.#unserved.has(readU64(words, IN_HEADER_SIZE >>> 2));
  }

  /** Data that are copied out of such a file make another one. */
  #copies({ code, nodeid }: RequestHead, message: Message): void {
    if (code !== opcode.COPY_FILE_RANGE && code !== opcode.COPY_FILE_RANGE_64) return;
    if (!this.#files.has(nodeid)) return;
    this.#files.add(readU64(message.words, (IN_HEADER_SIZE + fuse_copy_file_range_in.offsets.nodeid_out) >>> 2));
  }

  /** Whether a reply may tell what is in such a file, or how large it is. */
  tells({ code, nodeid }: RequestHead, reply: Message): boolean {
    if (this.#files.size === 0) return false;
    if (this.#files.has(nodeid)) return true;
    switch (code) {
      case opcode.READDIRPLUS:
      case opcode.STATFS:
        return true;
      case opcode.LOOKUP:
      case opcode.LINK:
      case opcode.CREATE:
        return reply.words.length > ENTRY_NODE + 1 && this.#files.has(readU64(reply.words, ENTRY_NODE));
      default:
        return false;
    }
  }
}
