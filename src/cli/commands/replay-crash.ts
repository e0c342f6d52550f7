import {
  CRASH_FORMAT,
  type CrashCounterexample,
  crashFromText,
  replayCrashes,
  showCrashFinding,
} from '../../check/index.ts';
import { openCrashSubject } from '../crash-subject.ts';
import { exitCode, UsageError, whyUnread } from '../usage.ts';

/** Whether a file is one of crashes; what cannot be read is not. */
export function isCrash(text: string): boolean {
  try {
    return (JSON.parse(text) as { format?: unknown } | null)?.format === CRASH_FORMAT;
  } catch {
    return false;
  }
}

/** Runs the programs and the power failures of a counterexample again. */
export async function replayCrash(path: string, text: string, on: string | undefined): Promise<number> {
  const counterexample = read(path, text);
  const subject = await openCrashSubject(on ?? counterexample.target, counterexample.promise);
  const found = await replayCrashes(subject, counterexample);
  if (found === undefined) {
    console.log(`${subject.name} does not fail: ${counterexample.violation.promise}`);
    return exitCode.nothingFound;
  }
  console.log(`${showCrashFinding(found)}\n\n${subject.name} still fails`);
  return exitCode.found;
}

function read(path: string, text: string): CrashCounterexample {
  try {
    return crashFromText(text);
  } catch (error) {
    throw new UsageError(`replay: ${path}: ${whyUnread(error)}`);
  }
}
