import {
  type ArgumentKind,
  type Call,
  type Data,
  LOCK_NB,
  O_CREAT,
  O_TMPFILE_BIT,
  syscalls,
  type TimeArgument,
} from '../../vfs/index.ts';
import { argumentsOf, type Row } from './arguments.ts';

/** The call without one of its optional arguments, or with one that is simpler. */
export function* simplerCalls(call: Call): Generator<Call> {
  const row: Row = syscalls[call.op];
  const given = call as unknown as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(row.optional ?? {}))
    if (name !== 'into' && given[name] !== undefined) {
      const { [name]: _, ...rest } = given;
      yield rest as unknown as Call;
    }
  yield* withSimplerArgument(call);
}

/** Of the kinds, where only some are meant. */
export function* withSimplerArgument(call: Call, kinds?: ReadonlySet<ArgumentKind>): Generator<Call> {
  const given = call as unknown as Readonly<Record<string, unknown>>;
  for (const [name, kind, value] of argumentsOf(call)) {
    if (kinds?.has(kind) === false) continue;
    if (name === 'mode' && call.op === 'open' && (call.flags & (O_CREAT | O_TMPFILE_BIT)) === 0) {
      if (value !== 0) yield { ...call, mode: 0 };
      continue;
    }
    const now = cost(kind, value);
    if (now === 0) continue;
    for (const simpler of simplerValues(kind, value))
      if (cost(kind, simpler) < now) yield { ...given, [name]: simpler } as unknown as Call;
    if (call.op === 'getdents' && kind === 'size' && call.size > DIRENT && call.size <= FEW_DIRENTS)
      yield { ...call, size: call.size - DIRENT };
  }
}

/** Bytes of an entry with a short name (struct linux_dirent64). */
const DIRENT = 24;
const FEW_DIRENTS = 10 * DIRENT;
const MODES: readonly number[] = [0o755, 0o777];

/** How complicated an argument is; 0 is the simplest there is. */
function cost(kind: ArgumentKind, value: unknown): number {
  switch (kind) {
    case 'path':
    case 'text': {
      const path = value as string;
      return path === '' ? 1000 : path === '/a' ? 1 : path.length * 4 + pathOddity(path);
    }
    case 'xattr':
      return (value as string).length;
    case 'data': {
      const { length } = value as Data;
      return length * 2 + (value instanceof Uint8Array || (value as { seed: number }).seed !== 0 ? 1 : 0);
    }
    case 'datas':
      return (value as readonly Data[]).reduce((sum, data) => sum + 1 + cost('data', data), 0);
    case 'sizes':
      return (value as readonly number[]).reduce((sum, size) => sum + 1 + size, 0);
    case 'mode':
      return value === 0o755 ? 0 : value === 0o777 ? 1 : 2 + bits(value as number);
    case 'openFlags':
    case 'atFlags':
    case 'renameFlags':
    case 'fallocMode':
    case 'xattrFlags':
    case 'accessMode':
    case 'flockOperation':
    case 'protection':
    case 'mapFlags':
    case 'msyncFlags':
      return bits(value as number);
    case 'time': {
      const time = value as TimeArgument;
      if (typeof time === 'string') return time === 'now' ? 0 : 1;
      return 2 + Math.abs(time.sec) + Math.abs(time.nsec);
    }
    case 'offset':
    case 'size':
    case 'id':
    case 'whence':
    case 'advice':
    case 'caches':
      return Math.abs(value as number) * 2 + ((value as number) < 0 ? 1 : 0);
    default:
      return 0;
  }
}

/** Absolute before relative, plain before odd names, letters early in the alphabet. */
function pathOddity(path: string): number {
  let odd = path.startsWith('/') ? 0 : 8;
  for (let i = 0; i < path.length; i++) {
    const code = path.charCodeAt(i);
    if (code > 97 && code <= 122) odd += Math.min(3, code - 97);
    else if (code !== 97 && code !== 47) odd += 4;
  }
  return odd;
}

function bits(value: number): number {
  let count = 0;
  for (let rest = value >>> 0; rest !== 0; rest &= rest - 1) count++;
  return count;
}

function* simplerValues(kind: ArgumentKind, value: unknown): Generator<unknown> {
  switch (kind) {
    case 'path':
    case 'text':
      yield* simplerPaths(value as string);
      return;
    case 'xattr':
      yield 'user.a';
      return;
    case 'data':
      yield* simplerData(value as Data);
      return;
    case 'datas': {
      const datas = value as readonly Data[];
      for (let i = 0; i < datas.length; i++) yield datas.toSpliced(i, 1);
      for (const [i, data] of datas.entries()) for (const simpler of simplerData(data)) yield datas.with(i, simpler);
      return;
    }
    case 'sizes': {
      const sizes = value as readonly number[];
      for (let i = 0; i < sizes.length; i++) yield sizes.toSpliced(i, 1);
      for (const [i, size] of sizes.entries()) for (const simpler of simplerNumbers(size)) yield sizes.with(i, simpler);
      return;
    }
    case 'mode':
      yield* MODES;
      yield* fewerBits(value as number);
      return;
    case 'time':
      yield 'now';
      yield 'omit';
      yield { sec: 1, nsec: 0 };
      return;
    case 'offset':
    case 'size':
    case 'id':
    case 'whence':
    case 'advice':
    case 'caches':
      yield* simplerNumbers(value as number);
      return;
    case 'openFlags':
    case 'atFlags':
    case 'renameFlags':
    case 'fallocMode':
    case 'xattrFlags':
    case 'accessMode':
    case 'protection':
    case 'mapFlags':
    case 'msyncFlags':
      yield* fewerBits(value as number);
      return;
    case 'flockOperation':
      // A call that waited would have no end.
      for (const simpler of fewerBits(value as number)) if ((simpler & LOCK_NB) !== 0) yield simpler;
      return;
    default:
      return;
  }
}

function* simplerPaths(path: string): Generator<string> {
  yield '/a';
  yield '/b';
  yield '/a/b';
  const parts = path.split('/');
  for (let i = 0; i < parts.length; i++) if (parts.length > 1) yield parts.toSpliced(i, 1).join('/');
  if (path !== '' && !path.startsWith('/')) yield `/${path}`;
  for (const [i, part] of parts.entries()) {
    if (part.length > 1 && part !== '..') for (const name of ['a', 'b', 'c']) yield parts.with(i, name).join('/');
    else if (part === 'c' || part === 'd' || part === 'e')
      for (const name of ['a', 'b']) yield parts.with(i, name).join('/');
    else if (part === 'b') yield parts.with(i, 'a').join('/');
  }
}

function* simplerData(data: Data): Generator<Data> {
  if (data instanceof Uint8Array) {
    yield { seed: 0, length: data.length };
    return;
  }
  for (const length of simplerNumbers(data.length)) if (length >= 0) yield { seed: data.seed, length };
  if (data.seed !== 0) yield { seed: 0, length: data.length };
}

function* simplerNumbers(value: number): Generator<number> {
  for (const simple of [0, 1, -1, 4096]) yield simple;
  if (value < 0) yield -value;
  if (Math.abs(value) > 2) yield Math.trunc(value / 2);
  if (Math.abs(value) > 1) yield value > 0 ? value - 1 : value + 1;
}

function* fewerBits(value: number): Generator<number> {
  if (value === 0) return;
  yield 0;
  for (let bit = 1; bit !== 0; bit <<= 1) if ((value & bit) !== 0 && (value & ~bit) !== value) yield value & ~bit;
}
