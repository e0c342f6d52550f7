import { type FaultPlan, type OperationName, operationsOf, type Rule } from '../../fault/index.ts';
import type { Capability } from '../profile.ts';
import type { Settings } from '../target.ts';
import { type Permit, permitsOf } from './permits.ts';

/** Every operation at which a rule may strike, its other conditions apart. */
function struckBy({ where, what, when }: Rule): readonly OperationName[] {
  const possible = operationsOf(where, what);
  const wanted = when?.operation === undefined ? possible : [when.operation].flat();
  return wanted.filter((operation) => possible.includes(operation));
}

const permitted = (plan: FaultPlan) =>
  plan.rules.flatMap((rule) => struckBy(rule).flatMap((operation) => permitsOf(rule, operation)));

/** Whether what a call was to do may have been done although it got an error. */
const isEither = (permit: Permit): boolean => permit.kind === 'error' && permit.effect === 'either';

/** Whether something may take place under a plan without the kernel being told. */
export const leavesHidden = (plan: FaultPlan): boolean =>
  permitted(plan).some(
    (permit) => permit.kind === 'file' || permit.kind === 'bytes' || permit.kind === 'twice' || isEither(permit),
  );

/** Whether the filesystem may say of a name that it is not there, which the kernel then believes for as long as it may. */
const hidesNames = ({ rules }: FaultPlan): boolean =>
  rules.some(
    (rule) =>
      rule.where === 'filesystem' &&
      rule.what.kind === 'errno' &&
      [rule.what.errno].flat().includes('ENOENT') &&
      struckBy(rule).includes('LOOKUP'),
  );

/**
 * The settings of a run under a plan. What took place without anybody being told stays behind whatever the kernel may keep for
 * as long as it may keep it, and then shows: nothing would be pruned by looking. So then nothing may be kept.
 */
export function settingsUnder(plan: FaultPlan, settings: Settings | undefined): Settings | undefined {
  if (settings === undefined) return settings;
  const hidden = leavesHidden(plan);
  if (!hidden && !hidesNames(plan)) return settings;
  const { negativeTimeout, ...believed } = settings;
  if (!hidden) return nonEmpty(believed);
  const {
    entryTimeout,
    attributeTimeout,
    keepCache,
    writebackCache,
    autoInvalData,
    explicitInvalData,
    cacheSymlinks,
    ...rest
  } = believed;
  return nonEmpty(rest);
}

const nonEmpty = (settings: Settings): Settings | undefined =>
  Object.keys(settings).length === 0 ? undefined : settings;

/**
 * What programs do without under a plan: of an unlock that is lost stays a lock that nobody can take away, a lock may count from
 * the end of a file whose size is open, and the kernel still finds what it was not told is removed (fuse_get_dentry,
 * fs/fuse/inode.c).
 */
export function notUnderPlan(plan: FaultPlan): readonly Capability[] {
  const permits = permitted(plan);
  const kinds = new Set(permits.map(({ kind }) => kind));
  const without: Capability[] = [];
  if (kinds.has('locks') || kinds.has('file') || kinds.has('error')) without.push('locks', 'flock');
  // What is refused may be done by a copy of the request.
  if (permits.some(isEither) || (kinds.has('twice') && kinds.has('error'))) without.push('handles');
  return without;
}
