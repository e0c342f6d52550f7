import { O_ACCMODE, O_CREAT, O_RDWR } from '../../vfs/index.ts';
import { type Program, withSteps } from '../program.ts';
import { argumentsOf, mapped } from './arguments.ts';

/**
 * Without a rename, of what then has its later name from the start; without a symbolic link, with what it points to in its
 * place; without a dup, whose descriptor is then the first; with one descriptor in the place of two.
 */
export function* withoutDetours(program: Program): Generator<Program> {
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
