import {
  CONCURRENT_FORMAT,
  type ConcurrentCounterexample,
  concurrentFromText,
  findingOf,
  runConcurrent,
  showConcurrentFinding,
  showOperations,
} from '../../check/index.ts';
import { showLevel } from '../../history/index.ts';
import { openTarget } from '../targets.ts';
import { exitCode, UsageError, whyUnread } from '../usage.ts';

/** Whether a file is one of calls that overlap; what cannot be read is not. */
export function isConcurrent(text: string): boolean {
  try {
    return (JSON.parse(text) as { format?: unknown } | null)?.format === CONCURRENT_FORMAT;
  } catch {
    return false;
  }
}

/** Runs a counterexample of calls that overlap again, in the order of events that it names. */
export async function replayConcurrent(
  path: string,
  text: string,
  on: string | undefined,
  verbose: boolean,
): Promise<number> {
  const counterexample = read(path, text);
  const { target, close } = await openTarget(on ?? counterexample.target);
  try {
    if (target.cluster === undefined)
      throw new UsageError(`replay: ${path}: expected a target in the simulated kernel, given ${target.name}`);
    const { history, stuck } = await runConcurrent(target, counterexample.program, counterexample.setting);
    if (verbose) console.log(`${showOperations(history.operations)}\n`);
    const finding = findingOf(counterexample, history, stuck);
    if (finding === undefined) {
      console.log(`${target.name} does not fail: it is ${showLevel(counterexample.level)} here`);
      return exitCode.nothingFound;
    }
    console.log(`${showConcurrentFinding(finding)}\n\n${target.name} still fails`);
    return stuck.length > 0 ? exitCode.notLive : exitCode.found;
  } finally {
    await close();
  }
}

function read(path: string, text: string): ConcurrentCounterexample {
  try {
    return concurrentFromText(text);
  } catch (error) {
    throw new UsageError(`replay: ${path}: ${whyUnread(error)}`);
  }
}
