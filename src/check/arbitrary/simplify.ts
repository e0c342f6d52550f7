import {
  type ArgumentKind,
  type Call,
  type Data,
  LOCK_NB,
  O_ACCMODE,
  O_CREAT,
  O_RDWR,
  O_TMPFILE_BIT,
  syscalls,
  type TimeArgument,
} from '../../vfs/index.ts';
import { type Program, type ProgramProcess, withSteps } from '../program.ts';

/**
 * Simpler programs than a given one, the boldest first: without some calls, then with fewer processes, then with simpler
 * arguments. Each has a lower cost than the given one, so that shrinking ends.
 */
export function* simplerPrograms(program: Program): Generator<Program> {
  yield* withoutChunks(program);
  yield* withoutBeside(program);
  yield* withoutDetours(program);
  yield* withFewerProcesses(program);
  yield* withSimplerNames(program);
  yield* withSimplerCalls(program);
  yield* withoutPairs(program);
  yield* withoutOneAndSmaller(program);
}

/** Without some calls that follow each other: halves first, then fewer, down to each by itself. */
export function* withoutChunks(program: Program): Generator<Program> {
  const { steps } = program;
  for (let size = steps.length >> 1; size >= 1; size >>= 1)
    for (let end = steps.length; end > 0; end -= size)
      yield withSteps(program, [...steps.slice(0, Math.max(0, end - size)), ...steps.slice(end)]);
}

/** Programs that are shorter by more than a call that is left out; for those of which no call can be left out by itself. */
export function* shorterPrograms(program: Program): Generator<Program> {
  yield* withoutDetours(program);
  yield* withoutPairs(program);
}

/** Programs of more calls have too many pairs. */
const PAIRED = 16;

/** Without two calls of which each takes the other: a lock and its end, what makes a file longer and what makes it shorter. */
function* withoutPairs(program: Program): Generator<Program> {
  const { steps } = program;
  if (steps.length < 3 || steps.length > PAIRED) return;
  for (let second = steps.length - 1; second > 0; second--)
    for (let first = second - 1; first >= 0; first--)
      yield withSteps(program, steps.toSpliced(second, 1).toSpliced(first, 1));
}

/** Programs of fewer calls are short enough. */
const LONG = 7;

/** Without a call, or a detour, and with a number that goes with it: a buffer for one entry less. */
function* withoutOneAndSmaller(program: Program): Generator<Program> {
  const { steps } = program;
  if (steps.length < LONG || steps.length > PAIRED) return;
  const shorter = [...steps.map((_, i) => withSteps(program, steps.toSpliced(i, 1))), ...withoutDetours(program)];
  for (const fewer of shorter)
    for (const [i, step] of fewer.steps.entries())
      for (const call of withSimplerArgument(step.call, numbers))
        yield { ...fewer, steps: fewer.steps.with(i, { ...step, call }) };
}

const numbers: ReadonlySet<ArgumentKind> = new Set(['offset', 'size', 'data']);

/** With a call begun after the one before has ended. */
function* withoutBeside(program: Program): Generator<Program> {
  for (const [i, { pid, call, beside }] of program.steps.entries())
    if (beside) yield { ...program, steps: program.steps.with(i, { pid, call }) };
}

/**
 * Without a rename, of what then has its later name from the start; without a symbolic link, with what it points to in its
 * place; without a dup, whose descriptor is then the first; with one descriptor in the place of two.
 */
function* withoutDetours(program: Program): Generator<Program> {
  for (const [i, { call }] of program.steps.entries()) {
    if (call.op === 'rename') {
      const { path, newPath } = call;
      const before = { ...program, steps: program.steps.slice(0, i) };
      const named = mapped(before, (kind, value) => (kind === 'path' && value === path ? newPath : value));
      yield withSteps(program, [...named.steps, ...program.steps.slice(i + 1)]);
    } else if (call.op === 'symlink') {
      const { path, target } = call;
      const after = { ...program, steps: program.steps.slice(i + 1) };
      const direct = mapped(after, (kind, value) => (kind === 'path' && value === path ? target : value));
      yield withSteps(program, [...program.steps.slice(0, i), ...direct.steps]);
    } else if (call.op === 'dup' || call.op === 'dup2') {
      const copy = call.op === 'dup' ? call.into : call.newFd;
      const after = { ...program, steps: program.steps.slice(i + 1) };
      const joined = mapped(after, (kind, value) => (kind === 'fd' && value === copy ? call.fd : value));
      yield withSteps(program, [...program.steps.slice(0, i), ...joined.steps]);
    } else if (call.op === 'open' && call.into !== undefined) {
      yield* withoutSecondOpen(program, i, call.path, call.into);
      yield* withOpenDescriptor(program, i, call.into);
    }
  }
}

/** With a descriptor that the process has already, be it of another file, in the place of what an open gives it. */
function* withOpenDescriptor(program: Program, at: number, fd: number): Generator<Program> {
  const { steps } = program;
  const { pid } = steps[at];
  const others = new Set<number>();
  for (const { pid: by, call } of steps.slice(0, at))
    for (const [name, kind, value] of by === pid ? argumentsOf(call) : [])
      if (name === 'into' && kind === 'fd') others.add(value as number);
  const later = { ...program, steps: steps.slice(at + 1) };
  for (const other of others) {
    if (other === fd) continue;
    const joined = mapped(later, (kind, value) => (kind === 'fd' && value === fd ? other : value));
    yield withSteps(program, [...steps.slice(0, at), ...joined.steps]);
  }
}

function* withoutSecondOpen(program: Program, at: number, path: string, fd: number): Generator<Program> {
  const { steps } = program;
  for (const [i, step] of steps.slice(0, at).entries()) {
    const { call } = step;
    if ((call.op !== 'open' && call.op !== 'creat') || call.path !== path || call.into === undefined) continue;
    const { into, mode } = call;
    const flags = call.op === 'open' ? (call.flags & ~O_ACCMODE) | O_RDWR : O_RDWR | O_CREAT;
    const later = { ...program, steps: steps.slice(at + 1) };
    const joined = mapped(later, (kind, value) => (kind === 'fd' && value === fd ? into : value));
    const opened = { ...step, call: { op: 'open', path, flags, mode, into } as const };
    yield withSteps(program, [...steps.slice(0, i), opened, ...steps.slice(i + 1, at), ...joined.steps]);
  }
}

function* withFewerProcesses(program: Program): Generator<Program> {
  const { processes, steps } = program;
  for (const other of processes)
    for (const process of processes) {
      if (process.pid <= other.pid) continue;
      const moved = steps.map((step) => (step.pid === process.pid ? { ...step, pid: other.pid } : step));
      yield withSteps(program, moved);
    }
  const [only] = processes;
  if (
    processes.length === 1 &&
    only.pid !== 1 &&
    steps.every(({ pid, call }) => pid === only.pid && call.op !== 'kill')
  )
    yield { ...program, processes: [{ ...only, pid: 1 }], steps: steps.map(({ call }) => ({ pid: 1, call })) };
  for (const [i, process] of processes.entries())
    for (const simpler of simplerProcesses(process)) yield { ...program, processes: processes.with(i, simpler) };
}

function* simplerProcesses(process: ProgramProcess): Generator<ProgramProcess> {
  if (process.uid !== 0) yield { ...process, uid: 0, gid: 0, groups: [] };
  if (process.groups.length > 0) yield { ...process, groups: process.groups.slice(1) };
  if (process.umask !== 0o022) yield { ...process, umask: 0o022 };
}

const NAMES: readonly string[] = ['a', 'b', 'c', 'd'];

/**
 * The program with one name another everywhere, so that what is one file stays one file; with what lies in a directory
 * lifted out of it; with descriptors numbered from 3, mappings and handles from 0.
 */
function* withSimplerNames(program: Program): Generator<Program> {
  const names = new Set<string>();
  for (const { call } of program.steps)
    for (const [, kind, value] of argumentsOf(call))
      if (kind === 'path' || kind === 'text') for (const name of (value as string).split('/')) names.add(name);
  for (const name of [...names].sort()) {
    if (name === '' || name === '.' || name === '..') continue;
    for (const simpler of NAMES) {
      if (simpler.length > name.length || (simpler.length === name.length && simpler >= name)) break;
      if (names.has(simpler)) continue;
      const rename = (path: string) =>
        path
          .split('/')
          .map((part) => (part === name ? simpler : part))
          .join('/');
      yield mapped(program, (kind, value) => (kind === 'path' || kind === 'text' ? rename(value as string) : value));
      break;
    }
  }
  for (const name of [...names].sort()) {
    if (name === '' || name === '.' || name === '..') continue;
    const lift = (path: string) => (path.startsWith(`/${name}/`) ? path.slice(name.length + 1) : path);
    const lifted = mapped(program, (kind, value) =>
      kind === 'path' || kind === 'text' ? lift(value as string) : value,
    );
    if (program.steps.some(({ call }) => 'path' in call && lift(call.path) !== call.path)) yield lifted;
  }
  yield* withSimplerNumbers(program, 'fd', 3);
  yield* withSimplerNumbers(program, 'map', 0);
  yield* withSimplerNumbers(program, 'handle', 0);
}

function* withSimplerNumbers(program: Program, numbered: ArgumentKind, first: number): Generator<Program> {
  const numbers = new Set<number>();
  for (const { call } of program.steps)
    for (const [key, kind, value] of argumentsOf(call))
      if (kind === numbered && key !== 'newFd') numbers.add(value as number);
  for (const number of [...numbers].sort((a, b) => a - b))
    for (let simpler = first; simpler < number; simpler++)
      if (!numbers.has(simpler)) {
        yield mapped(program, (kind, value) => (kind === numbered && value === number ? simpler : value));
        break;
      }
}

function* argumentsOf(call: Call): Generator<readonly [string, ArgumentKind, unknown]> {
  const row: Row = syscalls[call.op];
  const given = call as unknown as Readonly<Record<string, unknown>>;
  for (const [name, kind] of [...Object.entries(row.arguments), ...Object.entries(row.optional ?? {})])
    if (given[name] !== undefined) yield [name, kind, given[name]];
}

function mapped(program: Program, map: (kind: ArgumentKind, value: unknown) => unknown): Program {
  const steps = program.steps.map((step) => {
    const fields = [...argumentsOf(step.call)].map(([name, kind, value]) => [name, map(kind, value)]);
    return { ...step, call: { op: step.call.op, ...Object.fromEntries(fields) } as Call };
  });
  return { ...program, steps };
}

function* withSimplerCalls(program: Program): Generator<Program> {
  const { steps } = program;
  for (const [i, step] of steps.entries())
    for (const call of simplerCalls(step.call)) yield { ...program, steps: steps.with(i, { ...step, call }) };
}

interface Row {
  readonly arguments: Readonly<Record<string, ArgumentKind>>;
  readonly optional?: Readonly<Record<string, ArgumentKind>>;
}

/** The call without one of its optional arguments, or with one that is simpler. */
function* simplerCalls(call: Call): Generator<Call> {
  const row: Row = syscalls[call.op];
  const given = call as unknown as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(row.optional ?? {}))
    if (name !== 'into' && given[name] !== undefined) {
      const { [name]: _, ...rest } = given;
      yield rest as unknown as Call;
    }
  yield* withSimplerArgument(call);
}

function* withSimplerArgument(call: Call, kinds?: ReadonlySet<ArgumentKind>): Generator<Call> {
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
