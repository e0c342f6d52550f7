import { readSync, writeSync } from 'node:fs';
import { errnoName, errnoNumbers } from '../../vfs/index.ts';
import { Message } from '../message.ts';
import { errorCode } from './device.ts';
import type { Report } from './server.ts';
import type { Tap } from './tap.ts';

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

/** Tells those who watch that the thread waits, or does not any more. */
export function setWaiting(counters: Counters, waits: boolean): void {
  counters[slots.waiting] = waits ? 1 : 0;
}

/** What a read of the device came to: the length of a request, or that there is none now, or never again. */
export type ReadResult = number | 'again' | 'disconnected';

const outHeaderSize = 16;
const { EIO } = errnoNumbers;

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
  readonly #tap: Tap | undefined;

  /** `maxWrite`: bytes of the largest WRITE. */
  constructor(fd: number, maxWrite: number, counters: Counters, report: Report, tap?: Tap) {
    this.fd = fd;
    this.request = new Message(maxWrite + headerRoom, writeHead);
    this.#counters = counters;
    this.#report = report;
    this.#tap = tap;
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

  /** The request in `request` is about to be served. */
  arrived(length: number): void {
    this.#tap?.request(this.request, length, performance.now());
  }

  /** Writes a reply or notification; gives 0 or the errno that the kernel answered with. */
  send(message: Message, length: number): number {
    const refused = this.#write(message, length);
    this.#tap?.sent(message, length, performance.now(), refused);
    if (refused !== 0) this.#refused(refused, message, length);
    return refused;
  }

  #write(message: Message, length: number): number {
    try {
      writeSync(this.fd, message.bytes, 0, length, null);
      this.#counters[slots.replies]++;
      return 0;
    } catch (error) {
      return error instanceof Error && 'errno' in error && typeof error.errno === 'number' ? -error.errno : EIO;
    }
  }

  #refused(number: number, message: Message, length: number): void {
    const unique = message.words[2] + message.words[3] * 2 ** 32;
    if (unique === 0 || number === errnoNumbers.ENODEV || number === errnoNumbers.ECONNABORTED) return;
    if (number === errnoNumbers.ENOENT) {
      this.#counters[slots.unwanted]++;
      return;
    }
    this.#counters[slots.refused]++;
    const code = errnoName(number);
    this.#report(`reply to request ${unique} (${length} bytes): the kernel answered ${code}; the caller gets EIO`);
    this.#answerEIO(message);
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
      this.#tap?.sent(reply, outHeaderSize, performance.now(), 0);
    } catch {
      // The kernel had ended the request with EIO itself.
    }
  }
}
