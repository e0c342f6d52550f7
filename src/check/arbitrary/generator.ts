import { Random } from 'fast-check';
import type { Call } from '../../vfs/index.ts';
import type { Capability, Without } from '../profile.ts';
import type { Program, ProgramStep } from '../program.ts';
import { seededRandom } from '../seed.ts';
import { sideBySide } from './beside.ts';
import { type Maker, rows } from './calls.ts';
import { Draw, weighted } from './draw.ts';
import { listingInParts } from './listing.ts';
import { lockInParts } from './locking.ts';
import { Making } from './making.ts';
import { useOfOthers } from './others.ts';

/** What is generated. */
export interface GeneratorOptions {
  readonly without?: Without;
  /** Calls of a program, at most (160 unless given); most programs have at most a quarter of it. */
  readonly maxCalls?: number;
  /** Paths that are there from the start. */
  readonly paths?: readonly string[];
}

type Table = readonly Maker[];

/** Choices of calls: the first has all that there are, each other about half of them. */
const CHOICES = 64;
/** How much oftener than usual a kind of call is drawn. */
const emphases: readonly number[] = [1, 1, 2, 6];
const tables = new WeakMap<Without, (Table | undefined)[]>();

/**
 * The calls that a program is drawn from. In a part of the programs many kinds are left out, so that the others meet more
 * often: swarm testing (Groce et al., ISSTA 2012).
 */
function tableFor(without: Without, choice: number): Table {
  let choices = tables.get(without);
  if (choices === undefined) {
    choices = new Array<Table | undefined>(CHOICES).fill(undefined);
    tables.set(without, choices);
  }
  let table = choices[choice];
  if (table === undefined) {
    const draw = new Draw(new Random(seededRandom(choice, 0)));
    const possible = rows.filter(({ needs }) => !needs.some((need) => without.has(need)));
    const chosen = choice === 0 ? possible : possible.filter(() => draw.chance(45));
    const times = () => (choice === 0 ? 1 : draw.of(emphases));
    table = weighted((chosen.length > 0 ? chosen : possible).map(({ weight, make }) => [weight * times(), make]));
    choices[choice] = table;
  }
  return table;
}

const everything: Without = new Set();

/** Draws a program. */
export function generateProgram(draw: Draw, options: GeneratorOptions = {}): Program {
  const { without = everything, maxCalls = 160, paths = [] } = options;
  const m = new Making(draw, without, paths);
  const table = tableFor(without, draw.chance(50) ? 0 : draw.below(CHOICES));
  const length = 1 + draw.below(draw.chance(20) ? maxCalls : Math.ceil(maxCalls / 4));
  const steps: ProgramStep[] = [];
  // Other users than root need a place to write.
  if (m.sharesRoot) steps.push(...sharedRoot(m));
  const situations = situationsFor(m);
  const isBusy = m.pids.length > 1 && draw.chance(40);
  while (steps.length < length) {
    if (isBusy && draw.chance(20)) {
      steps.push(...sideBySide(m));
      continue;
    }
    if (m.pids.length > 1 && draw.chance(25)) m.pid = draw.of(m.pids);
    const situation = situations.length > 0 && draw.chance(4) ? draw.of(situations) : undefined;
    if (situation !== undefined) {
      steps.push(...situation(m));
      continue;
    }
    steps.push({ pid: m.pid, call: draw.of(table)(m) });
  }
  return { version: 1, processes: m.processes, steps };
}

/** Several calls that belong together, where it takes them to come near what often is wrong. */
type Situation = (m: Making) => readonly ProgramStep[];

const listingNeeds: readonly Capability[] = ['write', 'directories', 'renames', 'directory-descriptors'];
const useNeeds: readonly Capability[] = ['write', 'directories', 'renames', 'modes', 'ownership', 'times'];

/** The situations that come up in a program: in most none. */
function situationsFor(m: Making): readonly Situation[] {
  const { draw } = m;
  const has = (needs: readonly Capability[]): boolean => needs.every((need) => m.has(need));
  const situations: Situation[] = [];
  if (has(listingNeeds) && draw.chance(20)) situations.push(listingInParts);
  if (m.pids.length > 1 && has(['write', 'locks']) && draw.chance(20)) situations.push(lockInParts);
  if (m.isShared && has(useNeeds) && draw.chance(30)) situations.push(useOfOthers);
  return situations;
}

const sharedModes: readonly number[] = [0o777, 0o777, 0o1777, 0o2777, 0o2777, 0o775];
const groupModes: readonly number[] = [0o775, 0o770, 0o2775, 0o2770, 0o1770];

/** A root directory that is everybody's, or that of a group in which some are besides their own. */
function sharedRoot(m: Making): readonly ProgramStep[] {
  const { draw } = m;
  const asRoot = (call: Call): ProgramStep => ({ pid: 1, call });
  if (!m.has('ownership') || !draw.chance(20)) return [asRoot({ op: 'chmod', path: '/', mode: draw.of(sharedModes) })];
  return [
    asRoot({ op: 'chown', path: '/', uid: -1, gid: draw.of(m.sharedGroups) }),
    asRoot({ op: 'chmod', path: '/', mode: draw.of(groupModes) }),
  ];
}
