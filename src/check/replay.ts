import { OBSERVER, type Program } from './program.ts';
import { type Arena, modelOptions, type Outcome, runProgram } from './runner.ts';
import { snapshot } from './snapshot.ts';
import type { Target } from './target.ts';

/** What came of a program that was run again. */
export type Replay = Outcome;

/** Looks at a fresh filesystem of a target, from which programs start. */
export async function openArena(target: Target): Promise<Arena> {
  const kernel = await target.start();
  try {
    kernel.spawn(OBSERVER.pid, OBSERVER, OBSERVER.umask);
    return { target, tree: await snapshot(kernel, target.without), model: modelOptions(target) };
  } finally {
    await kernel.close();
  }
}

/** Runs one program, of a counterexample or of one's own, and judges it to its first divergence or the final tree. */
export async function replay(target: Target, program: Program): Promise<Replay> {
  return await runProgram(await openArena(target), program);
}
