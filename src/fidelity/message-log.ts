import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import type { Tap } from '../fuse/device/index.ts';
import { Message } from '../fuse/message.ts';

/** One message of a connection, as it was logged. */
export interface LoggedMessage {
  /** A request; else a reply or notification of the daemon. */
  readonly fromKernel: boolean;
  readonly message: Message;
  readonly length: number;
}

/** In front of each message: its length, and 1 where it comes from the kernel. */
const HEAD = 8;

/** Appends every message of a connection to the file that `data` names, one write each, so that another thread may follow. */
export function tap(data: unknown): Tap {
  const fd = openSync(String(data), 'a');
  let frame = Buffer.alloc(1 << 12);
  const append = (fromKernel: boolean, { bytes }: Message, length: number): void => {
    if (frame.length < HEAD + length) frame = Buffer.alloc(HEAD + 2 * length);
    frame.writeUInt32LE(length, 0);
    frame.writeUInt32LE(fromKernel ? 1 : 0, 4);
    frame.set(bytes.subarray(0, length), HEAD);
    writeSync(fd, frame, 0, HEAD + length);
  };
  return {
    request: (message, length) => append(true, message, length),
    sent: (message, length) => append(false, message, length),
  };
}

/** Follows a log that a tap writes. */
export class MessageLogReader {
  readonly #fd: number;
  #rest: Buffer = Buffer.alloc(0);
  readonly #chunk = Buffer.alloc(1 << 20);

  /** The file is made where it is not there yet. */
  constructor(path: string) {
    this.#fd = openSync(path, 'a+');
  }

  /** The messages that came since it was last called. */
  take(): LoggedMessage[] {
    const messages: LoggedMessage[] = [];
    for (let read = this.#read(); read > 0; read = this.#read())
      this.#rest = Buffer.concat([this.#rest, this.#chunk.subarray(0, read)]);
    let at = 0;
    while (at + HEAD <= this.#rest.length) {
      const length = this.#rest.readUInt32LE(at);
      const end = at + HEAD + length;
      if (end > this.#rest.length) break;
      const message = new Message(length);
      message.bytes.set(this.#rest.subarray(at + HEAD, end));
      messages.push({ fromKernel: this.#rest.readUInt32LE(at + 4) === 1, message, length });
      at = end;
    }
    this.#rest = this.#rest.subarray(at);
    return messages;
  }

  #read(): number {
    return readSync(this.#fd, this.#chunk, 0, this.#chunk.length, null);
  }

  close(): void {
    closeSync(this.#fd);
  }
}
