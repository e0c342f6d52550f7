import { type Counterexample, type Finding, showFinding, type Target } from '../check/index.ts';
import { type CounterexampleDirectory, readCounterexample, type SavedCounterexample } from './counterexamples.ts';
import { readCrash } from './crash-files.ts';
import { type Problem, showProblem } from './problems.ts';
import { replayedFile, variables } from './settings.ts';

/** What a matcher found out; `message` is of the failure, or of what `.not` did not expect. */
export interface Verdict {
  readonly pass: boolean;
  readonly message: string;
}

/** What the matchers of generated programs have in common. */
export interface Judged {
  /** What counterexamples are kept by: it must stay the same from run to run. */
  readonly name: string;
  /** Of a target that is a daemon: kept with its counterexamples. */
  readonly daemon?: Target['daemon'];
  /** Of what a saved counterexample is for the matcher. */
  readonly takes: (saved: Counterexample) => boolean;
  /** Runs a program again; the finding as it is now, undefined where it does not fail. */
  readonly again: (saved: Counterexample) => Promise<Finding | undefined>;
  /** Why nothing is searched for: what the test should say first; '' where nothing stands in the way. */
  readonly refusal?: () => Promise<string>;
  /** Looks for new findings; a line says what was run. */
  readonly search: (onFinding: (finding: Finding) => void) => Promise<string>;
  /** What the filesystem threw or answered wrongly on the way. */
  readonly problems: readonly Problem[];
  /** Undefined: nothing is saved, and nothing saved is run. */
  readonly directory: CounterexampleDirectory | undefined;
  /** What is claimed, for the message: `kv refines POSIX`. */
  readonly claim: string;
}

/** Of many findings these are shown. */
const SHOWN = 5;

/**
 * Runs the saved counterexamples first, then looks for others and saves them. With ESTALE_REPLAY that file alone is run;
 * undefined where it belongs to another filesystem.
 */
export async function judge(judged: Judged): Promise<Verdict | undefined> {
  const file = replayedFile();
  if (file !== undefined) {
    if (readCrash(file) !== undefined) return undefined;
    const saved = readCounterexample(file);
    return saved.target === judged.name && judged.takes(saved) ? await replay(judged, [saved]) : undefined;
  }
  const saved = judged.directory?.of(judged.name).filter(judged.takes) ?? [];
  const regressions = await replay(judged, saved);
  if (!regressions.pass) return regressions;
  const refusal = (await judged.refusal?.()) ?? '';
  if (refusal !== '') return { pass: false, message: `expected: ${judged.claim}; ${refusal}` };
  const found: string[] = [];
  const files: string[] = [];
  const kinds = new Set<string>();
  const ran = await judged.search((finding) => {
    const { kind = finding.signature, signature } = finding;
    // The first of a kind stands for the others, which tell the same mistake by other calls.
    if (kinds.has(kind)) return void found.push(`like an earlier one: ${signature}`);
    kinds.add(kind);
    const saved = judged.directory?.save(judged, finding);
    found.push(`${showFinding(finding)}${saved === undefined ? '' : `\n${saved.line}`}`);
    if (saved?.file !== undefined) files.push(saved.file);
  });
  if (found.length === 0 && judged.problems.length === 0)
    return { pass: true, message: `expected not: ${judged.claim}; nothing was found in ${ran}` };
  const again = files.length === 0 ? '' : `again: ${variables.replay}=${files[0]}`;
  return failure(judged, `${counted(found.length, 'finding')} in ${ran}`, found, again);
}

async function replay(judged: Judged, saved: readonly SavedCounterexample[]): Promise<Verdict> {
  const failing: string[] = [];
  for (const counterexample of saved) {
    const finding = await judged.again(counterexample);
    if (finding !== undefined) failing.push(`${counterexample.file} fails\n${showFinding(finding)}`);
  }
  if (failing.length === 0 && judged.problems.length === 0)
    return {
      pass: true,
      message: `expected not: ${judged.claim}; ${counted(saved.length, 'saved counterexample')} pass`,
    };
  const what = `${counted(failing.length, 'saved counterexample')} of ${saved.length} fail${failing.length === 1 ? 's' : ''}`;
  return failure(judged, what, failing, 'remove a file if what it shows is not promised any more');
}

function failure({ claim, problems }: Judged, what: string, found: readonly string[], last: string): Verdict {
  const more = found.length > SHOWN ? [`... and ${found.length - SHOWN} more`] : [];
  const wrong = problems.length === 0 ? [] : [`the filesystem's own errors:\n${problems.map(showProblem).join('\n')}`];
  const parts = [`expected: ${claim}; ${what}`, ...found.slice(0, SHOWN), ...more, ...wrong, last];
  return { pass: false, message: parts.filter((part) => part !== '').join('\n\n') };
}

export const counted = (count: number, noun: string): string =>
  `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;
