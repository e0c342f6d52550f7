import { setImmediate as turn } from 'node:timers/promises';
import {
  type ConcurrentFinding,
  type ConsistencyReport,
  checkConsistency,
  concurrentToText,
  counterexampleFileName,
  showConcurrentFinding,
  type Target,
} from '../../check/index.ts';
import { type Level, levelNames, parseLevel, showLevel } from '../../history/index.ts';
import { MountError } from '../../mount/index.ts';
import { parseMountOptions } from '../../mount/options.ts';
import { ProgressLine } from '../progress.ts';
import type { CounterexampleFolder } from '../save.ts';
import { exitCode, UsageError, wholeNumber } from '../usage.ts';

/** What `estale check --consistency` takes besides what every check takes. */
export const consistencyOptions = {
  consistency: { type: 'string' },
  clients: { type: 'string' },
  processes: { type: 'string' },
  calls: { type: 'string' },
  options: { type: 'string', short: 'o', multiple: true },
} as const;

export interface ConsistencyWords {
  readonly consistency?: string;
  readonly clients?: string;
  readonly processes?: string;
  readonly calls?: string;
  readonly options?: string[];
}

interface Limits {
  readonly seed: number;
  readonly runs: number | undefined;
  readonly time: number | undefined;
}

const MOST_CLIENTS = 8;
const MOST_PROCESSES = 80;
const MOST_CALLS = 1000;

/** The level of --consistency. @throws UsageError that lists them */
function levelOf(text: string): Level {
  const level = parseLevel(text);
  if (level !== undefined) return level;
  const names = levelNames.map((name) => (name === 'attribute-cache' ? 'attribute-cache:SECONDS' : name));
  throw new UsageError(`--consistency: expected ${names.join(', ')}, given "${text}"`);
}

/** Options of the other kind of check that were given without --consistency. */
export function refuseWithoutConsistency(words: ConsistencyWords): void {
  for (const name of ['clients', 'processes'] as const)
    if (words[name] !== undefined)
      throw new UsageError(`--${name}: expected with --consistency LEVEL, which checks calls that overlap`);
}

/** Checks calls that overlap; gives the exit code. */
export async function runConsistency(
  target: Target,
  words: ConsistencyWords & { readonly consistency: string },
  limits: Limits,
  {
    json,
    signal,
    folder,
  }: { readonly json: boolean; readonly signal: AbortSignal; readonly folder: CounterexampleFolder },
): Promise<number> {
  const level = levelOf(words.consistency);
  if (target.cluster === undefined)
    throw new UsageError(
      `--consistency: ${target.name} has one call at a time: expected a filesystem in the simulated kernel (ram, hello, loopback:memfs, ./module.js)`,
    );
  const number = (name: 'clients' | 'processes' | 'calls', most: number): number | undefined => {
    const text = words[name];
    return text === undefined ? undefined : wholeNumber(name, text, 1, most);
  };
  const say = json ? () => {} : console.log;
  const clients = number('clients', MOST_CLIENTS) ?? 1;
  say(
    `checking whether ${target.name} with ${clients} client${clients > 1 ? 's' : ''} is ${showLevel(level)}, seed ${limits.seed}`,
  );
  const progress = new ProgressLine();
  let saved: string | undefined;
  const report = await checkConsistency(target, {
    ...limits,
    level,
    clients,
    processes: number('processes', MOST_PROCESSES),
    calls: number('calls', MOST_CALLS),
    settings: words.options === undefined ? undefined : mountSettings(words.options.join(',')),
    now: () => performance.now(),
    yield: () => turn(),
    signal,
    onProgress: ({ runs }) => progress.update(limits.runs && runs / limits.runs, `${target.name}: ${runs} programs`),
    onFinding: (finding) => {
      progress.clear();
      saved = folder.write(fileOf(target, finding), concurrentToText(target.name, finding));
      say(`\n${showConcurrentFinding(finding)}${saved === undefined ? '' : `\nsaved: ${saved}`}`);
    },
  }).finally(() => progress.clear());
  if (json) console.log(JSON.stringify(asJson(report, saved), undefined, 2));
  say(`\n${showConsistency(report)}${signal.aborted ? ' (interrupted)' : ''}`);
  if (saved !== undefined) say(`again: estale replay ${saved} -v`);
  if (report.stuck > 0) return exitCode.notLive;
  return report.broken > 0 ? exitCode.found : exitCode.nothingFound;
}

function mountSettings(text: string): Readonly<Record<string, number | boolean>> {
  try {
    const entries = Object.entries(parseMountOptions(text)) as [string, number | boolean | string][];
    return Object.fromEntries(
      entries.filter((entry): entry is [string, number | boolean] => typeof entry[1] !== 'string'),
    );
  } catch (error) {
    if (error instanceof MountError) throw new UsageError(`-o: ${error.message}`);
    throw error;
  }
}

const fileOf = ({ name }: Target, { level, stuck }: ConcurrentFinding): string =>
  counterexampleFileName(name, { signature: stuck.length > 0 ? 'not live' : `not ${showLevel(level)}` });

/** What was found, in a line or two. */
function showConsistency({
  target,
  level,
  runs,
  calls,
  seed,
  broken,
  stuck,
  undecided,
  strongest,
}: ConsistencyReport): string {
  const all = `${runs} program${runs === 1 ? '' : 's'}, ${calls.toLocaleString('en-US')} calls, seed ${seed}`;
  const notLive = stuck === 0 ? '' : `, ${stuck} did not come to an end`;
  const open = undecided === 0 ? '' : `, ${undecided} could not be decided`;
  if (broken === 0) return `${target}: ${showLevel(level)} in all of ${all}${notLive}${open}`;
  const kept =
    strongest === undefined
      ? 'no weaker level holds in all of them'
      : `the strongest level that holds in all of them: ${showLevel(strongest)}`;
  return `${target}: not ${showLevel(level)} in ${broken} of ${all}${notLive}${open}\n${kept}`;
}

function asJson({ finding, level, strongest, ...report }: ConsistencyReport, saved: string | undefined): unknown {
  const shown = finding && { shown: showConcurrentFinding(finding).split('\n'), saved };
  return { ...report, level: showLevel(level), strongest: strongest && showLevel(strongest), finding: shown };
}
