import { FaultPlanError, parsePlan, type RuleReport } from '../../fault/index.ts';
import { yaml } from '../../fault/plan/yaml.ts';
import { type MountFaults, noSuchName } from './mount-faults.ts';

/** What somebody asks of the faults of a mount. */
export type FaultCommand =
  | { readonly command: 'list' }
  | { readonly command: 'on' | 'off'; readonly names: readonly string[] }
  /** Another plan; `source` is its file's name, for messages. */
  | { readonly command: 'load'; readonly text: string; readonly source: string }
  /** Values of one rule: `what.errno=EIO`. */
  | { readonly command: 'set'; readonly rule: string; readonly values: readonly string[] };

/**
 * Carries out a command and gives the lines of its answer.
 *
 * @throws FaultPlanError and RangeError, whose messages say what to do
 */
export function runFaultCommand(faults: MountFaults, given: FaultCommand): readonly string[] {
  switch (given.command) {
    case 'list':
      break;
    case 'on':
    case 'off':
      faults.turn(given.command === 'on', given.names);
      break;
    case 'load':
      faults.set(parsePlan(given.text, given.source));
      break;
    case 'set':
      setValues(faults, given.rule, given.values);
      break;
  }
  return describe(faults);
}

function describe(faults: MountFaults): readonly string[] {
  const { plan } = faults;
  const reports = new Map(faults.report().map((report): [string, RuleReport] => [report.rule, report]));
  return [
    `faults are ${faults.on ? 'on' : 'off'}, seed ${plan.seed ?? 0}`,
    ...Object.entries(plan.switches ?? {}).map(([name, on]) => `switch "${name}": ${on ? 'on' : 'off'}`),
    ...plan.rules.map(({ name, where, what, enabled = true }) => {
      const injected = reports.get(name)?.injected ?? 0;
      return `rule "${name}": ${enabled ? 'on' : 'off'}, ${what.kind} at ${where}, injected ${injected}`;
    }),
  ];
}

function setValues(faults: MountFaults, name: string, values: readonly string[]): void {
  const { plan } = faults;
  const names = plan.rules.map((rule) => rule.name);
  const at = names.indexOf(name);
  if (at < 0) throw noSuchName('rule', name, names);
  let rule: unknown = plan.rules[at];
  for (const text of values) {
    const [, path, value] = /^([\w.-]+)=(.*)$/s.exec(text) ?? [];
    if (path === undefined) throw new RangeError(`expected KEY=VALUE, such as when.probability=0.1, given "${text}"`);
    rule = withValue(rule, path.split('.'), value === '' ? undefined : readValue(text, value));
  }
  try {
    faults.set({ ...plan, rules: plan.rules.map((other, i) => (i === at ? (rule as typeof other) : other)) });
  } catch (error) {
    if (!(error instanceof FaultPlanError)) throw error;
    throw new FaultPlanError(values.join(' '), error.problems);
  }
}

function readValue(text: string, value: string): unknown {
  try {
    return yaml().parse(value) as unknown;
  } catch (error) {
    throw new RangeError(`${text}: ${(error as Error).message.split('\n')[0]}`);
  }
}

/** The same data with another value at a path; undefined takes the key out. */
function withValue(data: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  const object = typeof data === 'object' && data !== null ? (data as Record<string, unknown>) : {};
  if (rest.length > 0) return { ...object, [key]: withValue(object[key], rest, value) };
  const { [key]: _, ...others } = object;
  return value === undefined ? others : { ...others, [key]: value };
}
