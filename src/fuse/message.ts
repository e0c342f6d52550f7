const PAGE = 4096;
/** From this size on the allocator maps a block of its own (M_MMAP_THRESHOLD of malloc(3)), 16 bytes behind a page's start. */
const MAPPED = 128 * 1024;
const MAPPED_AT = 16;

/** Messages up to here share memory, which is never used again: an ArrayBuffer each is slow to make and to collect. */
const SMALL = 2048;
const SLAB_SIZE = 1 << 16;
let slab = new ArrayBuffer(0);
let used = 0;

/** Where in `slab` a new small message lies; zeroed. */
function carve(length: number): number {
  if (used + length > slab.byteLength) {
    slab = new ArrayBuffer(SLAB_SIZE);
    used = 0;
  }
  used += length;
  return used - length;
}

/**
 * A buffer for one FUSE message with the views that the hot paths need; the message starts at byte 0 of each. FUSE
 * structures are 8-byte aligned and, on every platform this runs on, little-endian.
 */
export class Message {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly words: Uint32Array<ArrayBuffer>;
  readonly signedWords: Int32Array<ArrayBuffer>;

  /**
   * `size` in bytes, rounded up to a multiple of 8. In a large message what follows the first `head` bytes lies on page
   * boundaries where the allocator allows it: the kernel copies whole pages, which makes a READ of 1 MiB a sixth faster.
   * `head` is a multiple of 8.
   */
  constructor(size: number, head = 0) {
    const length = (size + 7) & ~7;
    const small = length <= SMALL;
    const start = small ? carve(length) : head === 0 || length < MAPPED ? 0 : PAGE - MAPPED_AT - head;
    const buffer = small ? slab : new ArrayBuffer(start + length);
    this.bytes = new Uint8Array(buffer, start, length);
    this.words = new Uint32Array(buffer, start, length / 4);
    this.signedWords = new Int32Array(buffer, start, length / 4);
  }
}

/** Takes one message of `length` bytes. It is the sender's again when the call returns: copy what you keep. */
export type Receive = (message: Message, length: number) => void;

/** The daemon's end of a link: a session, or whatever else speaks FUSE. */
export interface FuseServer {
  /** Whether answers may come later than the request, in the host's time. Default 'sync'. */
  readonly mode?: 'sync' | 'async';
  /** Takes a request message, which is the kernel's again when this returns. */
  receive(message: Message, length: number): void;
  /**
   * Called when nothing else can happen, for a daemon outside of this process that may still answer a lock request. True:
   * something came, and was given to the kernel.
   */
  poll?(): boolean;
  close?(): void;
}
