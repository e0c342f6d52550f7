/**
 * A buffer for one FUSE message with the views that the hot paths need; the message starts at byte 0. FUSE structures are
 * 8-byte aligned and, on every platform this runs on, little-endian.
 */
export class Message {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly words: Uint32Array<ArrayBuffer>;
  readonly signedWords: Int32Array<ArrayBuffer>;

  /** `size` in bytes, rounded up to a multiple of 8. */
  constructor(size: number) {
    const buffer = new ArrayBuffer((size + 7) & ~7);
    this.bytes = new Uint8Array(buffer);
    this.words = new Uint32Array(buffer);
    this.signedWords = new Int32Array(buffer);
  }
}

/** Takes one message of `length` bytes. It is the sender's again when the call returns: copy what you keep. */
export type Receive = (message: Message, length: number) => void;
