import type { ModelOptions, TreeNode } from '../model/index.ts';
import type { Finding } from './campaign.ts';
import type { Conditions } from './conditions.ts';
import { OBSERVER, type Program } from './program.ts';
import { type Arena, modelOptions, type Outcome, runProgram } from './runner.ts';
import { signatureOf } from './signature.ts';
import { snapshot } from './snapshot.ts';
import type { Target } from './target.ts';

/** What came of a program that was run again. */
export type Replay = Outcome;

/** Looks at a fresh filesystem of a target, from which programs start; `conditions` stand in the place of the target's own. */
export async function openArena(given: Target, conditions?: Conditions): Promise<Arena> {
  const settings = conditions?.settings;
  const faults = conditions?.faults;
  const target: Target =
    conditions === undefined ? given : { ...given, without: new Set(conditions.without), model: conditions.model };
  const kernel = await target.start(undefined, settings);
  try {
    kernel.spawn(OBSERVER.pid, OBSERVER, OBSERVER.umask);
    const tree = await snapshot(kernel, target.without);
    return { target, tree, model: { ...modelOptions(target), ...linkCounts(target, tree) }, settings, faults };
  } finally {
    await kernel.close();
  }
}

/** Of a daemon nobody has said how it counts the links of directories: its root shows it. */
function linkCounts({ concurrencyClass, model }: Target, { stat }: TreeNode): ModelOptions {
  if (concurrencyClass !== 'serialised' || model?.directoryNlink !== undefined) return {};
  return { directoryNlink: stat.nlink === 1 ? 'one' : 'linux' };
}

/**
 * Runs one program, of a counterexample or of one's own, and judges it to its first divergence or the final tree. Give the
 * conditions of the counterexample where the target is the same.
 */
export async function replay(target: Target, program: Program, conditions?: Conditions): Promise<Replay> {
  return await runProgram(await openArena(target, conditions), program);
}

/**
 * Runs a counterexample again on its target as that is today: what it promises may have changed since. What differs now,
 * as a finding; undefined where nothing does.
 */
export async function findAgain(target: Target, counterexample: Finding): Promise<Finding | undefined> {
  const { without, model = {} } = target;
  const { settings, faults } = counterexample.conditions ?? {};
  const conditions = { without: [...without], model, settings, faults };
  const { failure } = await replay(target, counterexample.program, conditions);
  if (failure === undefined) return undefined;
  const { expected, actual } = failure.divergence;
  return { ...counterexample, signature: signatureOf(failure), program: failure.program, expected, actual, conditions };
}
