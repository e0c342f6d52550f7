import { type ArgumentKind, type Call, syscalls } from '../../vfs/index.ts';
import type { Program } from '../program.ts';

/** A system call's arguments. */
export interface Row {
  readonly arguments: Readonly<Record<string, ArgumentKind>>;
  readonly optional?: Readonly<Record<string, ArgumentKind>>;
}

/** The arguments of a call that are given: name, kind and value. */
export function* argumentsOf(call: Call): Generator<readonly [string, ArgumentKind, unknown]> {
  const row: Row = syscalls[call.op];
  const given = call as unknown as Readonly<Record<string, unknown>>;
  for (const [name, kind] of [...Object.entries(row.arguments), ...Object.entries(row.optional ?? {})])
    if (given[name] !== undefined) yield [name, kind, given[name]];
}

/** The program with every argument mapped. */
export function mapped(program: Program, map: (kind: ArgumentKind, value: unknown) => unknown): Program {
  const steps = program.steps.map((step) => {
    const fields = [...argumentsOf(step.call)].map(([name, kind, value]) => [name, map(kind, value)]);
    return { ...step, call: { op: step.call.op, ...Object.fromEntries(fields) } as Call };
  });
  return { ...program, steps };
}
