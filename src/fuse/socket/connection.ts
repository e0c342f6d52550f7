import { readSync, writeSync } from 'node:fs';
import { errorCode } from '../device/device.ts';
import { Message } from '../message.ts';
import { OUT_HEADER_SIZE } from '../protocol/index.ts';

/** What a read came to: the length of a whole message, nothing within a slice of time, or the end. */
export type ReadResult = number | 'nothing' | 'closed';

/** Room for the largest message of a daemon: a reply, or a notification, with 1 MiB of data. */
const LARGEST = (1 << 20) + (1 << 16);

/** The kernel's end of a link to a daemon: a record of the socket is a message, as it is on /dev/fuse. */
export class SocketConnection {
  readonly fd: number;
  /** What was read last. */
  readonly message = new Message(LARGEST, OUT_HEADER_SIZE);
  /** Bytes of a message whose rest has not come. */
  #begun = 0;

  constructor(fd: number) {
    this.fd = fd;
  }

  /**
   * Waits, a slice of time at most, for a message of the daemon, which is then in `message`. Daemons that splice, though
   * nobody offered it, send one in several records.
   */
  read(): ReadResult {
    const { bytes, words } = this.message;
    for (;;) {
      let length: number;
      try {
        length = readSync(this.fd, bytes, this.#begun, bytes.length - this.#begun, null);
      } catch (error) {
        switch (errorCode(error)) {
          case 'EAGAIN':
            return 'nothing';
          case 'EINTR':
            continue;
          case 'ECONNRESET':
            return 'closed';
          default:
            throw error;
        }
      }
      if (length === 0) return 'closed';
      this.#begun += length;
      if (this.#begun < OUT_HEADER_SIZE || this.#begun < words[0]) {
        if (this.#begun < bytes.length) continue;
      }
      const whole = this.#begun;
      this.#begun = 0;
      return whole;
    }
  }

  /** Sends a message; false where there was no room for it within a slice of time, or `closed`. */
  write(message: Message, length: number): boolean | 'closed' {
    for (;;) {
      try {
        writeSync(this.fd, message.bytes, 0, length, null);
        return true;
      } catch (error) {
        switch (errorCode(error)) {
          case 'EAGAIN':
            return false;
          case 'EINTR':
            continue;
          case 'EPIPE':
          case 'ECONNRESET':
            return 'closed';
          default:
            throw error;
        }
      }
    }
  }
}
