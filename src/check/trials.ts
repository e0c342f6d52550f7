import fc from 'fast-check';
import type { TreeNode } from '../model/index.ts';
import { Draw } from './arbitrary/draw.ts';
import { generateProgram } from './arbitrary/generator.ts';
import type { FaultOutcome } from './faults/run.ts';
import { type FaultChoice, FaultSwarm } from './faults/swarm.ts';
import { failureOf, type Hang } from './hang.ts';
import type { Capability, Without } from './profile.ts';
import { type Program, withSteps } from './program.ts';
import { openArena } from './replay.ts';
import { type Arena, type Failure, runProgram } from './runner.ts';
import { seededRandom } from './seed.ts';
import type { Settings, Target } from './target.ts';

/** How often a program is run again without the call that diverged. */
const RETRIES = 24;

/** What decides the programs of a campaign, besides its target: plain data. */
export interface TrialOptions {
  readonly seed: number;
  /** Calls of a program, at most; 160 unless given. */
  readonly maxCalls?: number;
  readonly faults?: FaultChoice;
}

/** One of them, and what it runs on. */
export interface Trial {
  readonly arena: Arena;
  readonly program: Program;
}

/** What a program came to, and what lies behind its failures. */
export interface Tried {
  /** System calls that were judged. */
  readonly calls: number;
  /** Of the first run. */
  readonly faults: FaultOutcome | undefined;
  readonly failures: readonly Failure[];
  /** The last of them, where it is the hang that was told. */
  readonly hung?: Failure;
}

/** The programs of a campaign. Each is a function of the seed and its number alone. */
export class Trials {
  readonly #arena: Arena;
  readonly #options: TrialOptions;
  readonly #paths: readonly string[];
  readonly #swarm: FaultSwarm | undefined;
  readonly #narrower = new Map<string, Without>();

  static async open(target: Target, options: TrialOptions): Promise<Trials> {
    return new Trials(await openArena(target), options);
  }

  constructor(arena: Arena, options: TrialOptions) {
    const { seed, faults } = options;
    this.#arena = arena;
    this.#options = options;
    this.#paths = pathsOf(arena.tree, '');
    this.#swarm = faults && new FaultSwarm(faults, seed, arena.target.faultSupport);
  }

  at(run: number): Trial {
    const { target } = this.#arena;
    const { seed, maxCalls } = this.#options;
    const draw = new Draw(new fc.Random(seededRandom(seed, run)));
    const drawnSettings = target.settings?.(draw);
    const faults = this.#swarm?.draw(run);
    const settings = faults === undefined ? drawnSettings : faults.settings(drawnSettings);
    const without = this.#without(settings, faults?.without);
    const program = generateProgram(draw, { without, maxCalls, paths: this.#paths });
    return { arena: { ...this.#arena, settings, faults: faults?.run }, program };
  }

  /**
   * Runs a program, and again without the call that diverged, as long as one does, so that what comes behind it shows.
   * `hang`: where this did not come back before; it is not tried again.
   */
  async look(run: number, isOver: () => boolean, hang?: Hang): Promise<Tried> {
    const { arena, program } = this.at(run);
    if (hang?.attempt === 0) {
      const hung = failureOf(program, hang);
      return { calls: hang.judged, faults: undefined, failures: [hung], hung };
    }
    const first = runProgram(arena, program);
    let outcome = first instanceof Promise ? await first : first;
    let { calls } = outcome;
    const { faults } = outcome;
    const failures: Failure[] = [];
    let rest = program;
    while (outcome.failure !== undefined) {
      failures.push(outcome.failure);
      const failing = outcome.failure.program.steps.length - 1;
      if (failures.length > RETRIES || failing >= rest.steps.length || isOver()) break;
      rest = withSteps(rest, rest.steps.toSpliced(failing, 1));
      if (hang?.attempt === failures.length) {
        const hung = failureOf(rest, hang);
        return { calls: calls + hang.judged, faults, failures: [...failures, hung], hung };
      }
      const next = runProgram(arena, rest);
      outcome = next instanceof Promise ? await next : next;
      calls += outcome.calls;
    }
    return { calls, faults, failures };
  }

  /** What programs under these settings do without; the same set for the same names. */
  #without(settings: Settings | undefined, underFaults: readonly Capability[] = []): Without {
    const { target } = this.#arena;
    const more = [...((settings && target.notUnder?.(settings)) ?? []), ...underFaults];
    if (more.length === 0) return target.without;
    const key = more.join();
    const known = this.#narrower.get(key) ?? new Set([...target.without, ...more]);
    this.#narrower.set(key, known);
    return known;
  }
}

/** Names that a fresh filesystem holds, so that programs meet them. */
function pathsOf(tree: TreeNode, path: string): string[] {
  const paths: string[] = [];
  for (const [name, child] of tree.entries ?? []) paths.push(`${path}/${name}`, ...pathsOf(child, `${path}/${name}`));
  return paths;
}
