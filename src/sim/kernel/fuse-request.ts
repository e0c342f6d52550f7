import { Message } from '../../fuse/message.ts';
import { IN_HEADER_SIZE, OUT_HEADER_SIZE, opcodeName, readU64 } from '../../fuse/protocol/index.ts';
import { SpareMessages } from '../../fuse/spare-messages.ts';
import { type U64, writeName } from '../../vfs/index.ts';
import type { Process } from './process.ts';

/** Room for arguments and a name or two as programs have them. */
const FIRST_SIZE = 256;
/** The largest fixed reply: STATX's. */
const REPLY_SIZE = OUT_HEADER_SIZE + 288;

const spare = new SpareMessages(0);

/** Where arguments and results start, in words. */
export const IN = IN_HEADER_SIZE / 4;
export const OUT = OUT_HEADER_SIZE / 4;

/** What may be done with the results of a request. */
export type Results = 'fixed' | 'bytes';

/** struct fuse_req (fs/fuse/fuse_i.h): a request and its reply. A process has one, used again and again. */
export class FuseRequest {
  readonly task: Process | undefined;
  /** The request; its header is completed when it is sent. */
  message = new Message(FIRST_SIZE);
  /** The reply, where its results are `fixed`. */
  readonly reply = new Message(REPLY_SIZE);
  /** The results, where they are `bytes`. */
  data: Uint8Array = new Uint8Array(0);
  opcode = 0;
  nodeid: U64 = 0;
  unique = 0;
  length = 0;
  results: Results = 'fixed';
  /** Bytes of results that are expected; at most, where they are `bytes`. */
  expected = 0;
  /** Bytes of results that came. */
  size = 0;
  /** 0 or a negative errno number. */
  error = 0;
  /** FR_PENDING, FR_SENT, FR_FINISHED. */
  state: 'idle' | 'pending' | 'sent' | 'finished' = 'idle';
  /** FR_INTERRUPTED. */
  interrupted = false;
  /** FR_FORCE: not withdrawn, whatever the signal. */
  force = false;
  /** nocreds: uid, gid and pid are 0. */
  withoutCredentials = false;
  /** FR_ISREPLY is not set: nobody answers it. */
  noReply = false;
  /** A request of the background (FR_BACKGROUND), on account of this process where its credentials go with it. */
  background = false;
  caller: Process | undefined;
  /** Whether the cache took the attributes that came. */
  kept = false;
  /** Called when the reply is there, instead of waking a process. */
  onEnd: ((request: FuseRequest) => void) | undefined;

  constructor(task: Process | undefined) {
    this.task = task;
  }

  get label(): string {
    return `${opcodeName(this.opcode) ?? this.opcode} of node ${this.nodeid} (unique ${this.unique})`;
  }

  /** Starts a request whose arguments take `size` bytes before names and data; returns the words to write them into. */
  begin(opcode: number, nodeid: U64, size: number): Uint32Array {
    this.opcode = opcode;
    this.nodeid = nodeid;
    this.length = IN_HEADER_SIZE + size;
    this.results = 'fixed';
    this.expected = 0;
    this.force = false;
    this.withoutCredentials = false;
    return this.message.words;
  }

  /** Makes room for `size` more bytes. */
  reserve(size: number): void {
    const needed = this.length + size;
    if (needed <= this.message.bytes.length) return;
    const larger = spare.take(needed);
    larger.bytes.set(this.message.bytes.subarray(0, this.length));
    this.giveBack();
    this.message = larger;
  }

  /** Gives the memory of the message back, which is not used again. */
  giveBack(): void {
    if (this.message.bytes.length > FIRST_SIZE) spare.giveBack(this.message);
  }

  /** Appends a NUL-terminated name. */
  name(name: string): void {
    this.reserve(name.length * 3 + 1);
    const { bytes } = this.message;
    const end = writeName(bytes, this.length, name);
    bytes[end] = 0;
    this.length = end + 1;
  }

  bytes(data: Uint8Array): void {
    this.reserve(data.length);
    this.message.bytes.set(data, this.length);
    this.length += data.length;
  }

  /** The 64-bit value at word `i` of the results. */
  u64(i: number): U64 {
    return readU64(this.reply.words, OUT + i);
  }

  /** Word `i` of the results. */
  word(i: number): number {
    return this.reply.words[OUT + i];
  }
}
