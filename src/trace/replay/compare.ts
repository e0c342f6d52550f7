import { decodeNotification, decodeReply, Message, opcode, type RequestHead } from '../../fuse/index.ts';
import { errnoName } from '../../vfs/index.ts';
import { Aligner, type FieldDifference } from './align.ts';
import type { Ids } from './ids.ts';
import type { Stamps } from './stamps.ts';

/** A message and its length in bytes. */
export interface Sized {
  readonly message: Message;
  readonly length: number;
}

export interface CompareOptions {
  /**
   * The filesystem is the one that was recorded: the answer to INIT and the order of listings must be the same, too.
   */
  readonly same: boolean;
  /** Whether the order of listings must be the same, if not as `same` says. */
  readonly ordered?: boolean;
  /** Fields, by the protocol's names, that may differ: `blksize`. */
  readonly ignore: ReadonlySet<string>;
}

/** Compares replies and notifications with those of a recording. */
export class Comparer {
  readonly #ids: Ids;
  readonly #aligner: Aligner;
  readonly #options: CompareOptions;

  constructor(ids: Ids, stamps: Stamps, options: CompareOptions) {
    this.#ids = ids;
    this.#aligner = new Aligner(ids, stamps, options.ignore);
    this.#options = options;
  }

  /** What differs in a reply; nothing where they agree. `delivered`: the kernel took the recording's. */
  reply(request: RequestHead, recorded: Sized, replayed: Sized, delivered: boolean): readonly FieldDifference[] {
    const { code } = request;
    if (code === opcode.INIT && !this.#options.same) return [];
    const copy = copyOf(replayed);
    const expected = decodeReply(code, recorded.message, recorded.length);
    const given = decodeReply(code, copy, replayed.length);
    const succeeded = expected.op !== 'ERROR' && expected.op !== 'MALFORMED' && given.op === expected.op;
    if (!succeeded) return sameBytes(recorded, { ...replayed, message: copy }) ? [] : fieldsOf(expected, given);
    const { same, ordered = same } = this.#options;
    const sides = { recorded: recorded.message, replayed: copy };
    const listing = code === opcode.READDIR || code === opcode.READDIRPLUS;
    const differences = listing
      ? this.#aligner.listing(request, sides, [recorded.length, replayed.length], delivered, ordered)
      : this.#aligner.reply(request, sides, delivered);
    const serious = differences.filter(({ field }) => !this.#options.ignore.has(field));
    if (serious.length > 0 || listing) return serious;
    if (sameBytes(recorded, { message: copy, length: replayed.length })) return [];
    const fields = fieldsOf(expected, decodeReply(code, copy, replayed.length));
    // What no field tells is padding, or bytes beyond what the protocol names.
    if (fields.length === 0) return [bytesDiffer(recorded, replayed)];
    return fields.filter(({ field }) => !this.#options.ignore.has(field));
  }

  /** What differs in a notification. */
  notification(recorded: Sized, replayed: Sized): readonly FieldDifference[] {
    const expected = decodeNotification(recorded.message, recorded.length);
    const given = decodeNotification(replayed.message, replayed.length);
    if (expected.op === 'RETRIEVE' && given.op === 'RETRIEVE')
      this.#ids.retrievals.set(expected.body.notify_unique, given.body.notify_unique);
    return fieldsOf(this.#translated(expected), given).filter(({ field }) => !this.#options.ignore.has(field));
  }

  /** A notification of the recording as the replay has to give it. */
  #translated(notification: ReturnType<typeof decodeNotification>): unknown {
    const { nodes, retrievals } = this.#ids;
    switch (notification.op) {
      case 'INVAL_INODE':
        return { ...notification, body: { ...notification.body, ino: nodes.replayed(notification.body.ino) } };
      case 'INVAL_ENTRY':
        return { ...notification, body: { ...notification.body, parent: nodes.replayed(notification.body.parent) } };
      case 'DELETE': {
        const { parent, child } = notification.body;
        const body = { ...notification.body, parent: nodes.replayed(parent), child: nodes.replayed(child) };
        return { ...notification, body };
      }
      case 'STORE':
        return { ...notification, body: { ...notification.body, nodeid: nodes.replayed(notification.body.nodeid) } };
      case 'RETRIEVE': {
        const { nodeid, notify_unique } = notification.body;
        const unique = retrievals.get(notify_unique) ?? notify_unique;
        return {
          ...notification,
          body: { ...notification.body, nodeid: nodes.replayed(nodeid), notify_unique: unique },
        };
      }
      case 'PRUNE':
        return { ...notification, nodes: notification.nodes.map((node) => nodes.replayed(node)) };
      default:
        return notification;
    }
  }
}

function copyOf({ message, length }: Sized): Message {
  const copy = new Message(length);
  copy.bytes.set(message.bytes.subarray(0, length));
  return copy;
}

function sameBytes(a: Sized, b: Sized): boolean {
  return Buffer.compare(a.message.bytes.subarray(0, a.length), b.message.bytes.subarray(0, b.length)) === 0;
}

function bytesDiffer(recorded: Sized, replayed: Sized): FieldDifference {
  return { field: 'bytes', expected: `${recorded.length} bytes`, given: `${replayed.length} other bytes` };
}

/** The fields, at any depth, in which two decoded messages differ. */
function fieldsOf(expected: unknown, given: unknown, field = 'reply'): readonly FieldDifference[] {
  if (expected instanceof Uint8Array && given instanceof Uint8Array) {
    if (Buffer.compare(expected, given) === 0) return [];
    const at = expected.findIndex((byte, i) => byte !== given[i]);
    const show = (data: Uint8Array): string =>
      `${data.length} bytes, ${at < 0 || at >= data.length ? 'which end there' : `byte ${at} is 0x${data[at].toString(16)}`}`;
    return [{ field, expected: show(expected), given: show(given) }];
  }
  if (isObject(expected) && isObject(given)) {
    if (expected.op === 'ERROR' || given.op === 'ERROR') {
      const result = ({ op, error }: Fields): string => (op === 'ERROR' ? errnoName(Number(error)) : 'success');
      return result(expected) === result(given)
        ? []
        : [{ field: 'error', expected: result(expected), given: result(given) }];
    }
    const keys = new Set([...Object.keys(expected), ...Object.keys(given)]);
    return [...keys].flatMap((key) => fieldsOf(expected[key], given[key], key));
  }
  if (expected === given) return [];
  const show = (value: unknown): string => (field === 'mode' ? `0${Number(value).toString(8)}` : String(value));
  return [{ field, expected: show(expected), given: show(given) }];
}

type Fields = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array);
}
