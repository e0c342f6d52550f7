import { isError } from '../../vfs/index.ts';
import { showCall } from '../script.ts';
import { prepared } from './alphabet.ts';
import { chart, cut, freshGround, type Ground, restart } from './crashing.ts';
import { everything } from './exploration.ts';
import { type Broken, brokenBy } from './points.ts';
import type { CrashSubject } from './subject.ts';

/**
 * A filesystem on which the prepared tree is, all of it safe, left by a power failure; where it is not, the crash that has
 * shown it.
 */
export async function preparedGround(
  subject: CrashSubject,
): Promise<{ readonly ground?: Ground; readonly broken?: Broken }> {
  const made = await chart(await freshGround(subject), prepared);
  const failed = made.results.findIndex((result) => isError(result));
  if (made.diverged || failed >= 0) {
    const { call } = prepared.steps[failed < 0 ? made.results.length : failed];
    throw new Error(
      `${subject.name}: expected that files and directories can be made and synced; ${showCall(call)} does not do what POSIX says`,
    );
  }
  const failure = await cut(made, made.ends.at(-1) ?? 0);
  const aftermath = await restart(failure, everything);
  const broken = brokenBy(failure, aftermath);
  return broken === undefined ? { ground: aftermath.ground } : { broken };
}
