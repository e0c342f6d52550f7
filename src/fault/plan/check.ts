import { didYouMean } from '../../vfs/index.ts';
import { compileGlob } from '../match/glob.ts';
import { operationsOf } from './applies.ts';
import type { Condition } from './condition.ts';
import { FaultPlanError } from './error.ts';
import { listOf } from './list.ts';
import type { OperationName } from './operations.ts';
import type { FaultPlan, Rule } from './plan.ts';
import { isRealistic, realisticErrnos } from './realistic.ts';
import { explain, type PlanIssue, planSchema } from './schema.ts';

type Path = readonly PropertyKey[];

/** A problem whose place is still a path of keys. */
export interface Finding {
  readonly path: Path;
  readonly message: string;
}

/** `rules[2].when.operation`. */
export function showPlace(path: Path): string {
  return path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '');
}

function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

/** Of the alternatives that a value could have been, the one that it comes nearest to. */
function nearestBranch(branches: readonly (readonly PlanIssue[])[], given: unknown): readonly PlanIssue[] {
  const isList = Array.isArray(given);
  const fitting = branches.filter((issues) => isList === issues.some(({ path }) => typeof path[0] === 'number'));
  return fitting[0] ?? branches[isList ? branches.length - 1 : 0] ?? [];
}

function findings(root: unknown, issue: PlanIssue, base: Path = []): Finding[] {
  const path = [...base, ...issue.path];
  const alternatives = issue.code === 'invalid_union' && issue.message === 'Invalid input' ? issue.errors : [];
  if (alternatives.length > 0)
    return nearestBranch(alternatives, valueAt(root, path)).flatMap((inner) => findings(root, inner, path));
  return [{ path, message: explain(issue, valueAt(root, path)) }];
}

/** Checks data against the language of plans; gives the plan, or what is wrong with it. */
export function examine(data: unknown): FaultPlan | readonly Finding[] {
  const parsed = planSchema.safeParse(data);
  if (!parsed.success) return parsed.error.issues.flatMap((issue) => findings(data, issue));
  const wrong = parsed.data.rules.flatMap((rule, i) => ruleFindings(parsed.data, rule, ['rules', i]));
  return wrong.length > 0 ? wrong : parsed.data;
}

/**
 * The plan that data stands for.
 *
 * @throws FaultPlanError that names each place, the expected and the given
 */
export function checkPlan(data: unknown, source = 'fault plan'): FaultPlan {
  const examined = examine(data);
  if ('rules' in examined) return examined;
  throw new FaultPlanError(
    source,
    examined.map(({ path, message }) => ({ place: showPlace(path), message })),
  );
}

function ruleFindings(plan: FaultPlan, rule: Rule, path: Path): Finding[] {
  const found: Finding[] = [];
  const twice = plan.rules.findIndex(({ name }) => name === rule.name);
  if (twice !== path[1])
    found.push({
      path: [...path, 'name'],
      message: `expected a name of its own, rules[${twice}] is "${rule.name}" too`,
    });
  if (rule.when !== undefined) found.push(...conditionFindings(plan, rule.when, [...path, 'when']));
  found.push(...operationFindings(rule, path));
  if (rule.what.kind === 'lie' && Object.keys(rule.what).length === 1)
    found.push({ path: [...path, 'what'], message: 'expected an attribute to lie about, such as size, given none' });
  return found;
}

/** A rule that can never strike is a mistake of whoever wrote it. */
function operationFindings({ where, when, what }: Rule, path: Path): Finding[] {
  const possible = operationsOf(where, what);
  const wanted = listOf(when?.operation);
  const met = wanted.length === 0 ? possible : wanted.filter((name) => possible.includes(name));
  if (met.length === 0) {
    const message = `${what.kind} at ${where} strikes at ${possible.join(', ')}, given ${wanted.join(', ')}`;
    return [{ path: [...path, 'when', 'operation'], message }];
  }
  if (what.kind !== 'errno' || what.unrealistic || wanted.length === 0) return [];
  return listOf(what.errno)
    .filter((errno) => !met.some((operation) => isRealistic(operation, errno)))
    .map((errno) => ({ path: [...path, 'what', 'errno'], message: unrealistic(errno, met) }));
}

function unrealistic(errno: string, operations: readonly OperationName[]): string {
  const realistic = new Set(operations.flatMap(realisticErrnos));
  return `${errno} is no answer that ${operations.join(', ')} gives${didYouMean(errno, realistic)}; expected one of ${[...realistic].sort().join(', ')}, or "unrealistic: true"`;
}

function conditionFindings(plan: FaultPlan, condition: Condition, path: Path): Finding[] {
  const found: Finding[] = [];
  const add = (key: string, message: string): void => void found.push({ path: [...path, key], message });
  const { after, switch: name, offset, time } = condition;
  const rules = plan.rules.map((rule) => rule.name);
  if (after !== undefined && !rules.includes(after))
    add('after', `expected the name of a rule, given "${after}"${didYouMean(after, rules)}`);
  const switches = Object.keys(plan.switches ?? {});
  if (name !== undefined && !switches.includes(name))
    add('switch', `expected a name under "switches", given "${name}"${didYouMean(name, switches)}`);
  for (const glob of listOf(condition.path)) {
    const wrong = globProblem(glob);
    if (wrong !== undefined) add('path', wrong);
  }
  if (offset?.from !== undefined && offset.to !== undefined && offset.to <= offset.from)
    add('offset', `expected "to" beyond "from", given ${offset.from} to ${offset.to}`);
  if (time?.from !== undefined && time.to !== undefined && time.to <= time.from)
    add('time', `expected "to" beyond "from", given ${time.from} to ${time.to}`);
  for (const key of ['all', 'any'] as const)
    for (const [i, inner] of (condition[key] ?? []).entries())
      found.push(...conditionFindings(plan, inner, [...path, key, i]));
  if (condition.not !== undefined) found.push(...conditionFindings(plan, condition.not, [...path, 'not']));
  return found;
}

function globProblem(glob: string): string | undefined {
  try {
    compileGlob(glob);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
