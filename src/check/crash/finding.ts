import type { Violation } from '../../model/index.ts';
import type { Program } from '../program.ts';
import { showScript } from '../script.ts';
import type { Settings } from '../target.ts';
import { type Decided, secondFailure } from './exploration.ts';
import type { Broken } from './points.ts';

/** A program, where in it the power failed, and what became of what was not safe. */
export interface Stage {
  readonly program: Program;
  /** Places at which the power could have failed before it did. */
  readonly cut: number;
  readonly decided: readonly Decided[];
  /** The step that was under way; undefined: the program was over. */
  readonly step: number | undefined;
}

/** A broken promise: programs one after the other, each on what the crash of the one before has left. */
export interface CrashFinding {
  readonly stages: readonly Stage[];
  readonly violation: Violation;
  /** The first starts from the tree that the sweep prepares, not from a fresh filesystem. */
  readonly prepared?: boolean;
  readonly settings?: Settings;
  readonly seed: number;
  readonly run: number;
}

export function stageOf({ cut: { chart, point, moment }, decided }: Pick<Broken, 'cut' | 'decided'>): Stage {
  return { program: chart.program, cut: point, decided, step: moment.inFlight ? moment.done : undefined };
}

export function findingFrom(
  broken: Broken,
  earlier: readonly Stage[],
  found: Pick<CrashFinding, 'prepared' | 'settings' | 'seed' | 'run'>,
): CrashFinding {
  return { ...found, stages: [...earlier, stageOf(broken)], violation: broken.violation };
}

/** Labels of one kind of outcome that are shown. */
const SHOWN = 6;

const ofSecond: readonly string[] = Object.values(secondFailure);

const listed = (decided: readonly Decided[], kept: boolean): string => {
  const labels = decided
    .filter(({ choice, label }) => choice > 0 === kept && !ofSecond.includes(label))
    .map(({ label }) => label);
  if (labels.length === 0) return 'nothing';
  const more = labels.length > SHOWN ? `, and ${labels.length - SHOWN} more` : '';
  return `${labels.slice(0, SHOWN).join(', ')}${more}`;
};

function again(decided: readonly Decided[]): string[] {
  const fails = decided.some(({ label, choice }) => label === secondFailure.whether && choice > 0);
  const writes = decided.find(({ label }) => label === secondFailure.when)?.choice ?? 0;
  return fails ? [`!! and again while it comes up, after ${writes} writes or flushes`] : [];
}

/** A finding for people: the calls, the crashes among them, and the promise that was broken. */
export function showCrashFinding({ stages, violation, prepared, settings }: CrashFinding): string {
  const lines: string[] = [`${violation.promise}: broken`];
  if (settings !== undefined && Object.keys(settings).length > 0) lines.push(`with ${JSON.stringify(settings)}`);
  if (prepared) lines.push('on what is prepared: /f and /d/g with bytes, the empty directory /e, all of it safe');
  for (const { program, decided, step } of stages) {
    const what = step === undefined ? 'then the power fails' : 'the power fails in this call';
    const isOpen = decided.some(({ label }) => !ofSecond.includes(label));
    const kept = !isOpen ? [] : [`kept: ${listed(decided, true)}`, `lost: ${listed(decided, false)}`];
    const shown = step === undefined ? program : { ...program, steps: program.steps.slice(0, step + 1) };
    lines.push(showScript(shown, { step: shown.steps.length - 1, lines: [`!! ${what}`, ...again(decided), ...kept] }));
  }
  lines.push(`=> ${violation.text}`);
  return lines.join('\n');
}
