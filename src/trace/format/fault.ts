import type { InjectedFault } from '../../fault/index.ts';
import type { U64 } from '../../vfs/index.ts';
import { Unreadable } from './varint.ts';

/** A fault as a trace keeps it: words are texts, because a later estale may know more of them. */
export interface RecordedFault {
  readonly rule: string;
  readonly where: string;
  readonly kind: string;
  readonly operation: string;
  /** The event in a form that is the same in every run in which it happens. */
  readonly label: string;
  /** What exactly was done: the errno, the bits, the attributes. */
  readonly detail: string;
  readonly path?: string;
  readonly node?: number;
  readonly pid?: number;
  readonly offset?: number;
  readonly length?: number;
  /** Number of the FUSE request. */
  readonly unique?: U64;
  /** Number of the remote procedure call. */
  readonly xid?: number;
  /** The rule did not strike here: it is the lasting effect of an earlier strike. */
  readonly lasting?: true;
}

/** Bytes of a fault as JSON, at most. */
export const MAX_FAULT = 1 << 16;

const texts = ['rule', 'where', 'kind', 'operation', 'label', 'detail'] as const;
const numbers = ['node', 'pid', 'offset', 'length', 'xid'] as const;

/** A fault as JSON in UTF-8. A path that makes it too long is left out, with the label that holds it. */
export function faultBytes(fault: InjectedFault): Uint8Array {
  const { time: _, step: __, inStep: ___, ...kept } = fault;
  const bytes = jsonBytes(kept);
  return bytes.length <= MAX_FAULT ? bytes : jsonBytes({ ...kept, path: undefined, label: '' });
}

const jsonBytes = (value: object): Uint8Array =>
  Buffer.from(JSON.stringify(value, (_, member) => (typeof member === 'bigint' ? String(member) : member)));

/** @throws Unreadable where the bytes are no fault; members that are not known are passed over */
export function parseFault(bytes: Uint8Array): RecordedFault {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString());
  } catch (error) {
    throw new Unreadable(`expected a fault as JSON: ${(error as Error).message}`);
  }
  if (typeof value !== 'object' || value === null) throw new Unreadable('expected a fault, given no object');
  const given = value as Readonly<Record<string, unknown>>;
  const members: [string, unknown][] = [];
  for (const name of texts)
    if (typeof given[name] === 'string') members.push([name, given[name]]);
    else throw new Unreadable(`expected a fault with the text "${name}", given one without`);
  for (const name of numbers) if (typeof given[name] === 'number') members.push([name, given[name]]);
  if (typeof given.path === 'string') members.push(['path', given.path]);
  const { unique } = given;
  if (typeof unique === 'number') members.push(['unique', unique]);
  else if (typeof unique === 'string' && /^\d{1,20}$/.test(unique)) members.push(['unique', BigInt(unique)]);
  if (given.lasting === true) members.push(['lasting', true]);
  // Every member was looked at.
  return Object.fromEntries(members) as unknown as RecordedFault;
}
