import type { Call, CallOf, Kernel, SyscallName } from '../vfs/index.ts';
import type { Oracle } from './oracle.ts';
import type { ProgramStep } from './program.ts';
import { observing } from './signature.ts';

/** Of the calls that only show what others did, those that do more: they move a position, or end something. */
const notOnlyLooking: ReadonlySet<SyscallName> = new Set(['read', 'readv', 'getdents', 'close', 'getlk', 'load']);

/** Calls that change nothing that a call can see: any of them may go side by side, whatever they look at. */
const looking: ReadonlySet<SyscallName> = new Set([
  ...[...observing].filter((op) => !notOnlyLooking.has(op)),
  'posix_fadvise',
  'drop_caches',
]);

/** Calls that concern one open file only: those on different files may go side by side, whatever they change. */
const onOneFile: ReadonlySet<SyscallName> = new Set([
  'fstat',
  'read',
  'pread',
  'readv',
  'write',
  'pwrite',
  'writev',
  'ftruncate',
  'fallocate',
  'fsync',
  'fdatasync',
  'fchmod',
  'futimens',
  'fsetxattr',
  'fgetxattr',
  'flistxattr',
  'fremovexattr',
]);

const fileOf = (model: Oracle, { pid, call }: ProgramStep) =>
  'fd' in call && onOneFile.has(call.op) ? model.inodeOf(pid, call.fd) : undefined;

const isSigkill = (call: Call): call is CallOf<'kill'> => call.op === 'kill' && call.signal === 9;

/** SIGKILL of a process in the middle of a call: what the call gives nobody hears, and a call that only looks leaves nothing. */
const endsLooking = (killer: Call, { pid, call }: ProgramStep): boolean =>
  isSigkill(killer) && killer.pid === pid && looking.has(call.op);

/**
 * Whether two calls of different processes give the same results and leave the same tree in whatever order and however
 * interleaved they run, so that the model can judge them one after the other.
 */
function commute(model: Oracle, a: ProgramStep, b: ProgramStep): boolean {
  if (a.pid === b.pid) return false;
  // Who looks at a file may cause that what was stored in its memory is written, which changes the times.
  if (looking.has(a.call.op) && looking.has(b.call.op)) return !model.mapsMemory;
  if (isSigkill(b.call) && looking.has(a.call.op)) return true;
  const [first, second] = [fileOf(model, a), fileOf(model, b)];
  if (first === undefined || second === undefined || first === second) return false;
  return first.isRegular && second.isRegular;
}

/** The step at `at` and those behind it that are to go, and can go, beside it. */
export function besideOf(
  kernel: Kernel,
  model: Oracle,
  steps: readonly ProgramStep[],
  at: number,
): readonly ProgramStep[] {
  const group = [steps[at]];
  if (kernel.together === undefined) return group;
  for (let i = at + 1; i < steps.length && steps[i].beside; i++) {
    const next = steps[i];
    if (!model.runs(next.pid) || !group.every((other) => commute(model, other, next))) break;
    group.push(next);
    if (next.call.op === 'kill') break;
  }
  return group;
}

/** Whether somebody in the group ends the process in the middle of its call. */
export const isEnded = (group: readonly ProgramStep[], step: ProgramStep): boolean =>
  group.some(({ call }) => endsLooking(call, step));
