import { readSync, writeSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';
import type { Call, Credentials, SysResult } from '../../vfs/index.ts';
import type { RootAttributes } from './clear.ts';
import type { MappingHeritage } from './mappings.ts';

/** What the host kernel works on. */
export type Target =
  | { readonly directory: string }
  | { readonly filesystem: 'tmpfs'; readonly size: number }
  | { readonly filesystem: 'ext4'; readonly image: string };

/** What a process hands on to its child: descriptors as [program's number, real number], all of the process `pid`. */
export interface Heritage {
  readonly pid: number;
  readonly descriptors: readonly (readonly [number, number])[];
  readonly mappings: readonly MappingHeritage[];
  readonly handles: readonly (readonly [number, Uint8Array])[];
  readonly cwd: number;
  readonly umask: number;
  readonly credentials: Credentials;
}

/** What the parent asks of a worker process. */
export type Request =
  | { readonly kind: 'prepare'; readonly target: Target; readonly sizeLimit: number | undefined }
  | { readonly kind: 'join'; readonly sizeLimit: number | undefined }
  | { readonly kind: 'start'; readonly credentials: Credentials; readonly umask: number }
  | { readonly kind: 'call'; readonly call: Call }
  | { readonly kind: 'bequeath' }
  | { readonly kind: 'inherit'; readonly heritage: Heritage }
  | { readonly kind: 'bequeathed' }
  | { readonly kind: 'end' }
  | { readonly kind: 'clear'; readonly attributes: RootAttributes };

export type Answer =
  | { readonly kind: 'result'; readonly result: SysResult }
  | { readonly kind: 'would-block' }
  | { readonly kind: 'heritage'; readonly heritage: Heritage }
  | { readonly kind: 'prepared'; readonly found: RootAttributes }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly message: string };

const CHUNK = 1 << 16;

/** One end of a pair of blocking pipes that carry messages: four bytes of length, then a serialised value. */
export class MessagePipe {
  readonly #input: number;
  readonly #output: number;
  #buffer = Buffer.alloc(CHUNK);

  constructor(input: number, output: number) {
    this.#input = input;
    this.#output = output;
  }

  send(message: Request | Answer): void {
    const body = serialize(message);
    const frame = Buffer.allocUnsafe(4 + body.length);
    frame.writeUInt32LE(body.length, 0);
    body.copy(frame, 4);
    for (let sent = 0; sent < frame.length; ) sent += writeSync(this.#output, frame, sent);
  }

  /** The next message; undefined when the other end is closed. The sides take turns, so nothing is read beyond it. */
  receive(): unknown {
    let filled = 0;
    let needed = 4;
    while (filled < needed) {
      const count = readSync(this.#input, this.#buffer, filled, this.#buffer.length - filled, null);
      if (count === 0) return undefined;
      filled += count;
      if (needed === 4 && filled >= 4) {
        needed = 4 + this.#buffer.readUInt32LE(0);
        if (needed > this.#buffer.length) {
          const larger = Buffer.alloc(needed);
          this.#buffer.copy(larger, 0, 0, filled);
          this.#buffer = larger;
        }
      }
    }
    // A copy, because byte arrays in the value are views of what it is read from.
    return deserialize(Buffer.from(this.#buffer.subarray(4, needed)));
  }
}
