import { readSync, writeSync } from 'node:fs';
import { Message } from '../message.ts';
import { errorCode } from './device.ts';
import type { Report } from './server.ts';

/** Counts since the mount began. */
export interface DeviceStatistics {
  /** Messages read from the device. */
  readonly requests: number;
  /** Messages written to it, notifications included. */
  readonly replies: number;
  /** Replies that nobody waited for any more (ENOENT: the request was interrupted or aborted). */
  readonly unwanted: number;
  /** Replies that the kernel refused as malformed. */
  readonly refused: number;
}

const slots = { requests: 0, replies: 1, unwanted: 2, refused: 3, waiting: 4 } as const;

/** The counts in shared memory, so that a thread that never yields can be watched. */
export type Counters = Float64Array<SharedArrayBuffer>;

export function newCounters(): Counters {
  return new Float64Array(new SharedArrayBuffer(8 * Object.keys(slots).length));
}

export function readCounters(counters: Counters): DeviceStatistics {
  return {
    requests: counters[slots.requests],
    replies: counters[slots.replies],
    unwanted: counters[slots.unwanted],
    refused: counters[slots.refused],
  };
}

/** Whether a thread waits for a request now: then the connection is alive. */
export function isWaiting(counters: Counters): boolean {
  return counters[slots.waiting] === 1;
}

/** What a read of the device came to: the length of a request, or that there is none now, or never again. */
export type ReadResult = number | 'again' | 'disconnected';

const outHeaderSize = 16;
const EIO = 5;

/** Where the data of a WRITE begins: behind fuse_in_header and fuse_write_in. */
const writeHead = 80;

/** Bytes that a request needs beside its data; fs/fuse/dev.c refuses reads with less room than max_write and the headers. */
const headerRoom = 4096;

/** An open descriptor of /dev/fuse: one request a read, one reply or notification a write (fs/fuse/dev.c). */
export class DeviceConnection {
  readonly fd: number;
  readonly request: Message;
  readonly #counters: Counters;
  readonly #report: Report;

  /** `maxWrite`: bytes of the largest WRITE. */
  constructor(fd: number, maxWrite: number, counters: Counters, report: Report) {
    this.fd = fd;
    this.request = new Message(maxWrite + headerRoom, writeHead);
    this.#counters = counters;
    this.#report = report;
  }

  /**
   * Blocks until there is a request, which is then in `request`.
   *
   * @throws the error of the read when it is none that a healthy connection has
   */
  read(): ReadResult {
    const { bytes } = this.request;
    const counters = this.#counters;
    try {
      counters[slots.waiting] = 1;
      const length = readSync(this.fd, bytes, 0, bytes.length, null);
      counters[slots.waiting] = 0;
      counters[slots.requests]++;
      return length;
    } catch (error) {
      counters[slots.waiting] = 0;
      switch (errorCode(error)) {
        case 'ENODEV':
        case 'ECONNABORTED':
          return 'disconnected';
        case 'EINTR':
        case 'EAGAIN':
        case 'ENOENT':
          return 'again';
        default:
          throw error;
      }
    }
  }

  /** Writes a reply or notification; gives 0 or the errno that the kernel answered with. */
  send(message: Message, length: number): number {
    try {
      writeSync(this.fd, message.bytes, 0, length, null);
      this.#counters[slots.replies]++;
      return 0;
    } catch (error) {
      return this.#failedWrite(error, message, length);
    }
  }

  #failedWrite(error: unknown, message: Message, length: number): number {
    const code = errorCode(error);
    const number = error instanceof Error && 'errno' in error && typeof error.errno === 'number' ? -error.errno : EIO;
    const unique = message.words[2] + message.words[3] * 2 ** 32;
    if (code === 'ENODEV' || code === 'ECONNABORTED') return number;
    if (unique === 0) return number;
    if (code === 'ENOENT') {
      this.#counters[slots.unwanted]++;
      return number;
    }
    this.#counters[slots.refused]++;
    this.#report(`reply to request ${unique} (${length} bytes): the kernel answered ${code}; the caller gets EIO`);
    this.#answerEIO(message);
    return number;
  }

  /** Who waits for a reply that was refused must not wait for ever. */
  #answerEIO(refused: Message): void {
    const reply = new Message(outHeaderSize);
    reply.words[0] = outHeaderSize;
    reply.signedWords[1] = -EIO;
    reply.words[2] = refused.words[2];
    reply.words[3] = refused.words[3];
    try {
      writeSync(this.fd, reply.bytes, 0, outHeaderSize, null);
    } catch {
      // The kernel had ended the request with EIO itself.
    }
  }
}
