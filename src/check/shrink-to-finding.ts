import type { Divergence } from '../model/index.ts';
import type { Finding, Reproduced } from './campaign.ts';
import type { Conditions } from './conditions.ts';
import { kindOf } from './kind.ts';
import { LEAK } from './ledger.ts';
import { type Arena, type Failure, runProgram } from './runner.ts';
import { type Shrunk, shrink } from './shrink.ts';
import { rawKey, signatureOf } from './signature.ts';

/** How often a finding is run again where that does not go without saying. */
const REPRODUCTIONS = 5;
const SHRINK_RUNS = 1000;

export interface ShrinkOptions {
  /** Of the campaign, and the number of the program in it. */
  readonly seed: number;
  readonly run: number;
  /** Runs spent on shrinking, at most. */
  readonly shrinkRuns?: number;
  readonly isOver?: () => boolean;
}

/** What is reported of a failure, and the calls that were judged for it. */
export interface ShrunkFinding {
  readonly finding: Finding;
  readonly calls: number;
}

/** Shrinks a failure, and tells how often it shows where that is not certain. */
export async function shrinkToFinding(
  arena: Arena,
  failure: Failure,
  { seed, run, shrinkRuns = SHRINK_RUNS, isOver = () => false }: ShrinkOptions,
): Promise<ShrunkFinding> {
  let calls = 0;
  const shrinkOn = async (on: Arena): Promise<Shrunk> => {
    const shrunk = await shrink(on, failure, shrinkRuns, isOver);
    calls += shrunk.calls;
    return shrunk;
  };
  const reproduce = async (on: Arena, { failure: found, settings, faults }: Shrunk): Promise<Reproduced> => {
    const key = rawKey(found);
    let times = 0;
    for (let i = 0; i < REPRODUCTIONS; i++) {
      const again = await runProgram({ ...on, settings, faults }, found.program, false);
      calls += again.calls;
      if (again.failure !== undefined && rawKey(again.failure) === key) times++;
    }
    return { times, of: REPRODUCTIONS };
  };
  let shrunk = await shrinkOn(arena);
  let reproduced: Reproduced | undefined;
  const { target } = arena;
  if (target.concurrencyClass === 'serialised') {
    const isolated = { ...arena, target: target.isolated ?? target };
    reproduced = await reproduce(isolated, shrunk);
    if (reproduced.times === 0 && isolated.target !== target) {
      // What earlier programs left behind had a part in it.
      shrunk = await shrinkOn(isolated);
      reproduced = await reproduce(isolated, shrunk);
    }
  }
  const { settings, faults } = shrunk;
  const divergence = await located({ ...arena, settings, faults }, shrunk.failure);
  const found = findingAsIs({ ...arena, settings, faults }, { ...shrunk.failure, divergence }, { seed, run });
  return { finding: { ...found, reproduced }, calls };
}

/** A failure as a finding, without shrinking it. */
export function findingAsIs(
  { target, model, settings, faults }: Arena,
  failure: Failure,
  { seed, run }: Pick<ShrinkOptions, 'seed' | 'run'>,
): Finding {
  const { expected, actual } = failure.divergence;
  const conditions: Conditions = {
    without: [...target.without],
    model,
    ...(settings === undefined ? {} : { settings }),
    ...(faults === undefined ? {} : { faults }),
  };
  const { program } = failure;
  return { signature: signatureOf(failure), kind: kindOf(failure), program, expected, actual, seed, run, conditions };
}

/** A leak with the places where it was taken, which only a run whose messages are listened to knows. */
async function located(arena: Arena, { program, divergence }: Failure): Promise<Divergence> {
  if (divergence.aspect !== LEAK) return divergence;
  const { failure } = await runProgram(arena, program, false, () => {});
  return failure?.divergence ?? divergence;
}
