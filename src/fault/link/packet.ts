import { Message } from '../../fuse/message.ts';

/** A message on its way, which is the sender's until it is kept or changed. */
export class Packet {
  message: Message;
  length: number;
  #own = false;

  constructor(message: Message, length: number) {
    this.message = message;
    this.length = length;
  }

  /** The same message, which nobody else will change. */
  keep(): this {
    if (!this.#own) this.resize(this.length);
    return this;
  }

  /** A copy of its own with another length; what is new is zeros. */
  resize(length: number): this {
    const copy = new Message(Math.max(length, this.length));
    copy.bytes.set(this.message.bytes.subarray(0, Math.min(length, this.length)));
    copy.words[0] = length;
    this.message = copy;
    this.length = length;
    this.#own = true;
    return this;
  }
}
