import type { CachePolicy } from '../../fuse/session/index.ts';
import type { Timespec } from '../../vfs/index.ts';
import { MAX_MESSAGE } from './record.ts';

/** Of a trace without faults, and of one that has them: those who know only the first cannot read the second. */
const WITHOUT_FAULTS = '1';
const WITH_FAULTS = '2';
const MAGIC = 'estale trace ';
/** Bytes of the two lines that a trace starts with, at most. */
export const MAX_HEADER = 1 << 16;
/** How far back references may reach, bytes; who reads a trace keeps as much. */
const MAX_WINDOW = 1 << 28;
/** Bytes of a chunk's records, at most. */
export const MAX_CHUNK = 2 * MAX_MESSAGE;

/** What the kernel and the daemon agreed on in INIT. */
export interface TraceProtocol {
  /** The daemon's version. */
  readonly major: number;
  readonly minor: number;
  /** Flags of INIT's reply: bits 0-31, and bits 32-63. */
  readonly flags: number;
  readonly flags2: number;
}

/** What a trace says of itself before its messages. */
export interface TraceHeader {
  /** The filesystem's name. */
  readonly filesystem: string;
  /** The word by which the command line knows it, where that is another. */
  readonly target?: string;
  /** Release of the kernel that sent the requests: uname -r. */
  readonly kernel: string;
  /** Wall-clock time of the start, from which the times of messages count. */
  readonly started: Timespec;
  readonly protocol: TraceProtocol;
  /** What whoever mounted had decided, as far as replies depend on it. */
  readonly session: CachePolicy;
  /** How far back references reach, bytes. */
  readonly window: number;
  /** It was recorded under a fault plan: there may be faults between the messages. */
  readonly faults?: true;
}

/** This is no trace, or one of another version: the message says what was expected and what was given. */
export class TraceError extends Error {}

/** The first two lines of a trace. */
export function headerText(header: TraceHeader): string {
  return `${MAGIC}${header.faults ? WITH_FAULTS : WITHOUT_FAULTS}\n${JSON.stringify(header)}\n`;
}

/** Whether a file with this start is meant to be a trace. */
export function isTrace(start: Uint8Array): boolean {
  return start.length >= MAGIC.length && Buffer.from(start.subarray(0, MAGIC.length)).toString('latin1') === MAGIC;
}

/** @throws TraceError */
export function parseHeader(text: string): TraceHeader {
  const [first, json] = text.split('\n');
  const version = first.startsWith(MAGIC) ? first.slice(MAGIC.length) : undefined;
  if (version === undefined)
    throw new TraceError(`expected "${MAGIC}${WITHOUT_FAULTS}" as the first line, given another`);
  if (version !== WITHOUT_FAULTS && version !== WITH_FAULTS)
    throw new TraceError(
      `expected format version ${WITHOUT_FAULTS} or ${WITH_FAULTS}, given ${version.slice(0, 20)}: a later estale made it`,
    );
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new TraceError(`header: expected JSON: ${(error as Error).message}`);
  }
  const header = new Fields('header', value);
  const started = header.object('started');
  const protocol = header.object('protocol');
  const target = header.optionalText('target');
  return {
    filesystem: header.text('filesystem'),
    ...(target === undefined ? {} : { target }),
    kernel: header.text('kernel'),
    started: { sec: started.number('sec', MAX_SECONDS), nsec: started.number('nsec', 999_999_999) },
    protocol: {
      major: protocol.number('major', U32),
      minor: protocol.number('minor', U32),
      flags: protocol.number('flags', U32),
      flags2: protocol.number('flags2', U32),
    },
    session: header.object('session').policy(),
    window: header.number('window', MAX_WINDOW),
    ...(version === WITH_FAULTS ? { faults: true } : {}),
  };
}

const U32 = 0xffffffff;
const MAX_SECONDS = 2 ** 40;

/** The members of an object of somebody else's. */
class Fields {
  readonly #name: string;
  readonly #value: Readonly<Record<string, unknown>>;

  constructor(name: string, value: unknown) {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new TraceError(`${name}: expected an object, given ${JSON.stringify(value)}`);
    this.#name = name;
    this.#value = value as Record<string, unknown>;
  }

  #wrong(key: string, expected: string): never {
    throw new TraceError(`${this.#name}.${key}: expected ${expected}, given ${JSON.stringify(this.#value[key])}`);
  }

  object(key: string): Fields {
    return new Fields(`${this.#name}.${key}`, this.#value[key]);
  }

  text(key: string): string {
    return this.optionalText(key) ?? this.#wrong(key, 'a text');
  }

  optionalText(key: string): string | undefined {
    const value = this.#value[key];
    return value === undefined || typeof value === 'string' ? value : this.#wrong(key, 'a text');
  }

  number(key: string, most: number): number {
    const value = this.#value[key];
    return typeof value === 'number' && value >= 0 && value <= most ? value : this.#wrong(key, `0 to ${most}`);
  }

  /** Switches and numbers under any names: a session passes over those that it does not know. */
  policy(): CachePolicy {
    for (const [key, value] of Object.entries(this.#value))
      if (typeof value === 'number') this.number(key, Number.MAX_SAFE_INTEGER);
      else if (typeof value !== 'boolean' && value !== 'auto') this.#wrong(key, 'a switch or a number');
    return this.#value;
  }
}
