import {
  type CallOf,
  type Data,
  dataBytes,
  errnoNumbers as E,
  isRegular,
  O_APPEND,
  O_TRUNC,
  type Stat,
  type SysResult,
} from '../vfs/index.ts';
import type { ActedOn, Action } from './action.ts';
import type { OpenFile } from './descriptors.ts';
import { type History, NEVER, type Operation } from './history.ts';
import { inodeOf } from './names.ts';

/** What a file is judged by: its bytes, one in each character. */
type Contents = string;

const PAGE = 4096;

const text = (bytes: Uint8Array): Contents => Buffer.from(bytes).toString('latin1');

/** The parts of a range that lie in one page each: requests and page caches keep no larger part together. */
function pagesOf(offset: number, length: number): readonly { readonly start: number; readonly length: number }[] {
  const parts: { start: number; length: number }[] = [];
  for (let start = offset; start < offset + length; ) {
    const end = Math.min(offset + length, start - (start % PAGE) + PAGE);
    parts.push({ start, length: end - start });
    start = end;
  }
  return parts;
}

const overlay = (contents: Contents, at: number, written: Contents): Contents =>
  contents.slice(0, at).padEnd(at, '\0') + written + contents.slice(at + written.length);

const resize = (contents: Contents, size: number): Contents => contents.slice(0, size).padEnd(size, '\0');

/** One instant's part of an operation, with what of the file it is about: a cache keeps the size and each page by itself. */
type Part = Pick<Action<Contents>, 'step'> & { readonly parts: readonly string[] };

const SIZE = 'size';
const PAGES = 'pages';

/** A page, and all pages as a truncation touches them. */
const pageAt = (start: number): readonly string[] => [`page ${Math.floor(start / PAGE)}`, PAGES];

const sees = (parts: readonly string[], condition: (contents: Contents) => boolean): Part => ({
  parts,
  step: (contents) => (condition(contents) ? contents : undefined),
});

/** What a read saw of the size of the file; at its end it may have been given less than it asked for. */
const seesEnd = (start: number, length: number, given: number): Part =>
  sees([SIZE], (contents) => {
    if (given === length) return contents.length >= start + length;
    return given === 0 ? contents.length <= start : contents.length === start + given;
  });

/**
 * A read, page by page: the bytes of each, with zeros behind the end, and the size by itself, because filemap_read
 * (mm/filemap.c) looks at the size when it has the page. Behind a page that came short nothing was looked at.
 */
function readParts(offset: number, size: number, data: Uint8Array): readonly Part[] {
  const parts: Part[] = [];
  const given = text(data);
  for (const { start, length } of pagesOf(offset, size)) {
    const part = given.slice(start - offset, start - offset + length);
    parts.push(sees(pageAt(start), (contents) => resize(contents.slice(start), part.length) === part));
    parts.push(seesEnd(start, length, part.length));
    if (part.length < length) break;
  }
  return parts;
}

const writeParts = (offset: number, data: Uint8Array): readonly Part[] =>
  pagesOf(offset, data.length).map(({ start, length }): Part => {
    const part = text(data.subarray(start - offset, start - offset + length));
    return { parts: [SIZE, pageAt(start)[0]], step: (contents) => overlay(contents, start, part) };
  });

const seesSize = (stat: Stat): Part => sees([SIZE], (contents) => contents.length === stat.size);

/** What of a write's data arrived; all of it where nobody knows. */
const arrived = (data: Data, result: SysResult | undefined): Uint8Array =>
  dataBytes(data).slice(0, typeof result === 'number' && result >= 0 ? result : undefined);

/** Errors before anything was done. */
const withoutEffect: ReadonlySet<number> = new Set([E.EBADF, E.EINVAL, E.EFBIG, E.EISDIR]);

const isFailure = (result: SysResult | undefined): boolean =>
  result === undefined || (typeof result === 'number' && result < 0);

const certain = (result: SysResult | undefined): boolean => typeof result === 'number' && withoutEffect.has(-result);

interface Deed {
  readonly parts: readonly Part[];
  readonly modifies: boolean;
}

const nothing: Deed = { parts: [], modifies: false };
const looks = (...parts: readonly Part[]): Deed => ({ parts, modifies: false });
const changes = (...parts: readonly Part[]): Deed => ({ parts, modifies: true });
/** A change of the size, and of whichever pages. */
const reshapes = (step: Part['step']): Deed => changes({ parts: [SIZE, PAGES], step });

/** What an operation did to the file it works on; it moves the descriptor's position. */
function deedOf({ call, result }: Operation, file: OpenFile): Deed {
  const failed = isFailure(result);
  switch (call.op) {
    case 'open':
      return (call.flags & O_TRUNC) === 0 ? nothing : reshapes(() => '');
    case 'read':
    case 'pread': {
      const offset = call.op === 'pread' ? call.offset : file.position;
      if (failed || offset === undefined) return nothing;
      const data = result as Uint8Array;
      if (call.op === 'read') file.position = offset + data.length;
      return looks(...readParts(offset, call.size, data));
    }
    case 'write':
    case 'pwrite':
      return written(call, result, file);
    case 'ftruncate':
      return reshapes((contents) => resize(contents, call.size));
    case 'fstat':
      return failed ? nothing : looks(seesSize(result as Stat));
    default:
      return nothing;
  }
}

function written(call: CallOf<'write'> | CallOf<'pwrite'>, result: SysResult | undefined, file: OpenFile): Deed {
  const data = arrived(call.data, result);
  // Linux appends with O_APPEND whatever pwrite says (pwrite(2), BUGS).
  if ((file.flags & O_APPEND) !== 0) return reshapes((contents) => contents + text(data));
  const offset = call.op === 'pwrite' ? call.offset : file.position;
  if (offset === undefined) throw new Error('history: expected a write whose position can be told');
  if (call.op === 'write') file.position = isFailure(result) ? undefined : offset + data.length;
  return changes(...writeParts(offset, data));
}

/** Files as objects: each node's size and bytes, empty when it is made. */
export function fileObjects(history: History, files: ReadonlyMap<Operation, OpenFile>): readonly ActedOn<Contents>[] {
  const byNode = new Map<string, Action<Contents>[]>();
  for (const operation of history.operations) {
    const file = files.get(operation);
    if (file === undefined) continue;
    let actions = byNode.get(file.node);
    if (actions === undefined) {
      actions = [];
      byNode.set(file.node, actions);
    }
    actions.push(...fileActions(operation, file));
  }
  for (const [operation, node] of sizesByPath(history, [...byNode.keys()])) {
    const seen = action(operation, seesSize(operation.result as Stat), false, undefined);
    (byNode.get(node) as Action<Contents>[]).push(seen);
  }
  return [...byNode].map(([node, actions]) => ({
    name: `file ${node}`,
    initial: '',
    key: (contents) => contents,
    actions,
  }));
}

function fileActions(operation: Operation, file: OpenFile): readonly Action<Contents>[] {
  if (certain(operation.result)) return [];
  const { parts, modifies } = deedOf(operation, file);
  return parts.map((part) => action(operation, part, modifies, file));
}

function action(operation: Operation, part: Part, modifies: boolean, file: OpenFile | undefined): Action<Contents> {
  return {
    operation,
    from: operation.invoked,
    to: operation.returned ?? NEVER,
    modifies,
    optional: modifies && isFailure(operation.result),
    opens: false,
    session: file && { opened: file.opening.invoked, closed: file.closed },
    ...part,
  };
}

/** stat of a path shows the size of a node where only one node had its number. */
function sizesByPath(history: History, nodes: readonly string[]): readonly (readonly [Operation, string])[] {
  const byNumber = new Map<string, string | undefined>();
  for (const node of nodes) byNumber.set(inodeOf(node), byNumber.has(inodeOf(node)) ? undefined : node);
  return history.operations.flatMap((operation) => {
    const { call, result } = operation;
    if ((call.op !== 'stat' && call.op !== 'lstat') || isFailure(result)) return [];
    const stat = result as Stat;
    const node = isRegular(stat.mode) ? byNumber.get(String(stat.ino)) : undefined;
    return node === undefined ? [] : [[operation, node] as const];
  });
}
