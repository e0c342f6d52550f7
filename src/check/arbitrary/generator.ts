import type { Without } from '../profile.ts';
import type { Program, ProgramStep } from '../program.ts';
import { type Maker, rows } from './calls.ts';
import { type Draw, weighted } from './draw.ts';
import { Making } from './making.ts';

/** What is generated. */
export interface GeneratorOptions {
  readonly without?: Without;
  /** Calls of a program, at most (160 unless given); most programs have at most a quarter of it. */
  readonly maxCalls?: number;
  /** Paths that are there from the start. */
  readonly paths?: readonly string[];
}

const tables = new WeakMap<Without, readonly Maker[]>();

function tableFor(without: Without): readonly Maker[] {
  let table = tables.get(without);
  if (table === undefined) {
    table = weighted(
      rows.filter(({ needs }) => !needs.some((need) => without.has(need))).map(({ weight, make }) => [weight, make]),
    );
    tables.set(without, table);
  }
  return table;
}

const everything: Without = new Set();

/** Draws a program. */
export function generateProgram(draw: Draw, options: GeneratorOptions = {}): Program {
  const { without = everything, maxCalls = 160, paths = [] } = options;
  const m = new Making(draw, without, paths);
  const table = tableFor(without);
  const length = 1 + draw.below(draw.chance(20) ? maxCalls : Math.ceil(maxCalls / 4));
  const steps: ProgramStep[] = [];
  // Other users than root need a place to write.
  if (m.sharesRoot) steps.push({ pid: 1, call: { op: 'chmod', path: '/', mode: draw.of(sharedModes) } });
  while (steps.length < length) {
    if (m.pids.length > 1 && draw.chance(25)) m.pid = draw.of(m.pids);
    steps.push({ pid: m.pid, call: draw.of(table)(m) });
  }
  return { version: 1, processes: m.processes, steps };
}

const sharedModes: readonly number[] = [0o777, 0o1777, 0o777, 0o2777, 0o775];
