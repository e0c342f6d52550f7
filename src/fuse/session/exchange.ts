import { type Context, type NodeId, nameEnd, readName, type U64, type WriteOptions } from '../../vfs/index.ts';
import type { Message } from '../message.ts';
import { IN_HEADER_SIZE, OUT_HEADER_SIZE, readU64 } from '../protocol/index.ts';
import { mismatch } from '../protocol/malformed.ts';
import { SpareMessages } from '../spare-messages.ts';
import type { Core } from './core.ts';
import { DirentBuffer } from './dirent-buffer.ts';

const FIRST_REPLY_SIZE = 8192;

const spare = new SpareMessages(OUT_HEADER_SIZE);

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/**
 * One request under way: who asks, the buffer of its reply, and what the reply needs to know of the request. It is the
 * `Context` that the filesystem sees. An exchange is used again once its request is answered, unless that took a promise and
 * failed: whoever gave up a read may have something under way that fills its buffer later.
 */
export class Exchange implements Context {
  readonly core: Core;
  dirents: DirentBuffer;
  readonly writeOptions: Mutable<WriteOptions> = {
    flags: 0,
    fromCache: false,
    killPrivileges: false,
    lockOwner: undefined,
  };
  /** Of a small reply: in a large buffer, whose data is aligned, it would lie on two pages, which the kernel maps one by one. */
  readonly #small = spare.take(FIRST_REPLY_SIZE);
  #large = this.#small;
  reply: Message = this.#small;
  /** The request; only while it is dispatched. */
  request: Message = this.reply;
  /** Where the arguments end; extensions follow. */
  end = 0;
  uniqueLow = 0;
  uniqueHigh = 0;
  node: NodeId = 0;
  uid = 0;
  gid = 0;
  pid = 0;
  umask = 0;
  /** Bytes that the request asked for. */
  size = 0;
  /** Where in the arguments the second of two names starts. */
  secondAt = 0;
  interrupted = false;
  /** The filesystem answers with a promise. */
  lent = false;
  #controller: AbortController | undefined;
  #view = new Uint8Array(0);

  constructor(core: Core) {
    this.core = core;
    this.dirents = new DirentBuffer(core);
  }

  begin(request: Message, length: number): void {
    const { words } = request;
    this.request = request;
    this.reply = this.#small;
    this.uniqueLow = words[2];
    this.uniqueHigh = words[3];
    const high = words[5];
    this.node = high < 0x200000 ? high * 2 ** 32 + words[4] : 0;
    this.uid = words[6];
    this.gid = words[7];
    this.pid = words[8];
    this.end = length - 8 * (words[9] & 0xffff);
    this.umask = 0;
    this.interrupted = false;
    this.lent = false;
    this.#controller = undefined;
  }

  /** It is not used again. */
  retire(): void {
    this.#giveBackLarge();
    if (!this.core.asynchronous) spare.giveBack(this.#small);
  }

  /** What an asynchronous filesystem was lent it may still hold. */
  #giveBackLarge(): void {
    if (this.#large !== this.#small && !this.core.asynchronous) spare.giveBack(this.#large);
  }

  get unique(): U64 {
    return this.uniqueHigh < 0x200000
      ? this.uniqueHigh * 2 ** 32 + this.uniqueLow
      : (BigInt(this.uniqueHigh) << 32n) | BigInt(this.uniqueLow);
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.interrupted) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  /** The caller was interrupted. */
  interrupt(): void {
    this.interrupted = true;
    this.#controller?.abort();
  }

  /** Makes room for a reply of `length` bytes. */
  reserve(length: number): void {
    if (length <= FIRST_REPLY_SIZE) return;
    if (length > this.#large.bytes.length) {
      this.#giveBackLarge();
      this.#large = spare.take(length);
      this.#view = new Uint8Array(0);
    }
    this.reply = this.#large;
  }

  /** Where `size` bytes of results go. */
  results(size: number): Uint8Array {
    this.size = size;
    this.reserve(OUT_HEADER_SIZE + size);
    if (this.#view.length !== size) {
      this.#view = this.reply.bytes.subarray(OUT_HEADER_SIZE, OUT_HEADER_SIZE + size);
    }
    return this.#view;
  }

  /** Where a listing of `size` bytes goes. An asynchronous filesystem may still hold the sink of an earlier one. */
  listing(size: number): DirentBuffer {
    this.reserve(OUT_HEADER_SIZE + size);
    if (this.core.asynchronous) this.dirents = new DirentBuffer(this.core);
    this.dirents.begin(this.reply, size);
    return this.dirents;
  }

  /** Word `i` of the arguments. */
  word(i: number): number {
    return this.request.words[IN_HEADER_SIZE / 4 + i];
  }

  /** The 64-bit value at word `i` of the arguments. */
  u64(i: number): U64 {
    return readU64(this.request.words, IN_HEADER_SIZE / 4 + i);
  }

  /** The same as a number; Infinity where it is beyond 2^53 - 1. */
  number(i: number): number {
    const { words } = this.request;
    const high = words[IN_HEADER_SIZE / 4 + i + 1];
    return high < 0x200000 ? high * 2 ** 32 + words[IN_HEADER_SIZE / 4 + i] : Number.POSITIVE_INFINITY;
  }

  /** The one name that is the rest of the arguments, from byte `at` of them on. */
  lastName(at: number): string {
    const { bytes } = this.request;
    const start = IN_HEADER_SIZE + at;
    const nul = nameEnd(bytes, start, this.end);
    if (nul < 0) mismatch('a NUL-terminated name', `${this.end - start} bytes without NUL`);
    if (nul + 1 !== this.end) mismatch('nothing behind the name', `${this.end - nul - 1} bytes`);
    return readName(bytes, start, nul);
  }

  /** The first of two names, from byte `at` of the arguments on; `secondAt` tells where the other starts. */
  firstName(at: number): string {
    const { bytes } = this.request;
    const start = IN_HEADER_SIZE + at;
    const nul = nameEnd(bytes, start, this.end);
    if (nul < 0) mismatch('a NUL-terminated name', `${this.end - start} bytes without NUL`);
    this.secondAt = nul + 1 - IN_HEADER_SIZE;
    return readName(bytes, start, nul);
  }
}
