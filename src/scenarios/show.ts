import type { Arm, ScenarioResult } from './run.ts';
import type { Scenario, Seen } from './scenario.ts';

/** What a program saw, in one line: `read ESTALE, path "new"`. */
export const showSeen = (seen: Seen): string =>
  Object.entries(seen)
    .map(([name, value]) => `${name}: ${showValue(value)}`)
    .join(', ');

function showValue(value: Seen[string]): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  return /^E[A-Z]+$/.test(value) ? value : JSON.stringify(value);
}

/** Why a scenario is not shown; undefined where it is. */
export function showProblem({ verdict, failing, remedied }: ScenarioResult): string | undefined {
  switch (verdict.kind) {
    case 'shown':
      return undefined;
    case 'never-fired':
      return `the fault never struck${where(verdict)}: ${verdict.faults.join(', ') || 'there is none'}`;
    case 'unexpected': {
      const { seen, expected, error } = verdict.remedied ? remedied : failing;
      const given = error === undefined ? showSeen(seen ?? {}) : String(error);
      return `expected${where(verdict)} ${showSeen(expected)}, given ${given}`;
    }
  }
}

const where = ({ remedied }: { readonly remedied: boolean }): string => (remedied ? ' with the remedy' : '');

/** A scenario with all that happened, without and with the remedy. */
export function showResult(result: ScenarioResult): string {
  const { scenario, failing, remedied } = result;
  const problem = showProblem(result);
  return [
    `${scenario.row}  ${scenario.id}: ${scenario.title}`,
    `    ${scenario.story} [${scenario.source}]`,
    '',
    ...showArm(failing),
    '',
    `the same with the remedy: ${scenario.remedy}`,
    '',
    ...showArm(remedied),
    '',
    problem === undefined ? 'the failure comes, and with the remedy it does not' : `NOT SHOWN: ${problem}`,
  ].join('\n');
}

function showArm({ story, seen, error, faults }: Arm): readonly string[] {
  const struck = [...faults].map(([name, times]) => `${name} (${times === 1 ? 'once' : `${times} times`})`);
  return [
    ...shortened(story),
    '',
    `    faults: ${struck.join(', ') || 'none'}`,
    `    seen by the program: ${error === undefined ? showSeen(seen ?? {}) : String(error)}`,
  ];
}

const STORY_HEAD = 60;
const STORY_TAIL = 20;

function shortened(story: readonly string[]): readonly string[] {
  const left = story.length - STORY_HEAD - STORY_TAIL;
  if (left <= 1) return story;
  return [...story.slice(0, STORY_HEAD), `           ... ${left} lines ...`, ...story.slice(-STORY_TAIL)];
}

/** One line of the table of all. */
export function tableRow(result: ScenarioResult): string {
  const { scenario } = result;
  const problem = showProblem(result);
  const row = [String(scenario.row).padStart(3), scenario.id.padEnd(24)];
  if (problem !== undefined) return [...row, `NOT SHOWN: ${problem}`].join('  ');
  return [...row, `${showSeen(scenario.symptom)}  |  ${showSeen(scenario.sound)}`].join('  ');
}

export const tableHead = (): string => `${'row'.padStart(3)}  ${'scenario'.padEnd(24)}  symptom  |  with the remedy`;

/** A result as data. */
export function resultAsJson(result: ScenarioResult): unknown {
  const { scenario, failing, remedied, verdict } = result;
  const { id, row, title, layer, story, source, remedy } = scenario;
  const arm = ({ seen, faults, digest, error }: Arm) => ({
    seen,
    faults: Object.fromEntries(faults),
    digest,
    ...(error === undefined ? {} : { error: String(error) }),
  });
  return { id, row, title, layer, story, source, remedy, verdict, failing: arm(failing), remedied: arm(remedied) };
}

/** A scenario in a list. */
export const listed = ({ row, id, title }: Pick<Scenario, 'row' | 'id' | 'title'>): string =>
  `${String(row).padStart(3)}  ${id.padEnd(24)}  ${title}`;
