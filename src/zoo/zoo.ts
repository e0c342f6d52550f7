import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { builtInCrashSubjects, builtInTargets, replay, replayCrashes } from '../check/index.ts';
import { type Bug, MOST_CALLS, MOST_CALLS_LONGER } from './bug.ts';
import { type Caught, callsOf, signatureOfCaught } from './caught.ts';
import type { Catch, Hunt } from './hunter.ts';
import { median } from './median.ts';

// Node runs no TypeScript: from the sources the compiled program is taken.
const program = fileURLToPath(
  import.meta.url.endsWith('.ts')
    ? new URL('../../dist/zoo/hunter.js', import.meta.url)
    : new URL('./hunter.js', import.meta.url),
);

export interface ZooOptions {
  /** How many seeds are tried for each bug: 1 to this. */
  readonly seeds: number;
  /** CPU milliseconds for each seed. */
  readonly budget: number;
  /** Bugs that are looked for at a time. */
  readonly processes: number;
  /** Milliseconds without a word after which a process is taken to hang. Default: a minute more than the budget. */
  readonly silence?: number;
  readonly onHunted?: (result: Hunted) => void;
  readonly signal?: AbortSignal;
}

/** What came of looking for one bug. */
export interface Hunted {
  readonly bug: Bug;
  readonly catches: readonly Catch[];
  /** Seeds that found it: by its own signature, and with a program that the filesystem without the bug passes. */
  readonly found: number;
  readonly seeds: number;
  /** CPU milliseconds, programs and calls of the shrunk program: medians of the seeds that found it. */
  readonly milliseconds: number | undefined;
  readonly programs: number | undefined;
  readonly steps: number | undefined;
  /** The longest of the shrunk programs. */
  readonly mostSteps: number | undefined;
  /** What kept it from being looked for, or from being believed. */
  readonly problems: readonly string[];
}

/** Whether every seed found it. */
export const isCaught = ({ found, seeds }: Hunted): boolean => found === seeds;

/** Whether the shrunk programs are as short as they are to be. */
export const isShort = ({ bug, steps = 0 }: Hunted): boolean =>
  steps <= (bug.longer === undefined ? MOST_CALLS : MOST_CALLS_LONGER);

const PATIENCE = 60_000;

/** Looks for each bug as `estale check` does, in a process of its own that has the bug. Gives the results in the bugs' order. */
export async function hunt(bugs: readonly Bug[], options: ZooOptions): Promise<readonly Hunted[]> {
  const results: Hunted[] = new Array(bugs.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < bugs.length && !options.signal?.aborted; i = next++) {
      results[i] = await huntOne(bugs[i], options);
      options.onHunted?.(results[i]);
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.processes, bugs.length) }, worker));
  return results.filter((result) => result !== undefined);
}

async function huntOne(bug: Bug, options: ZooOptions): Promise<Hunted> {
  const catches: Catch[] = [];
  const problems: string[] = [];
  let seeds = Array.from({ length: options.seeds }, (_, i) => i + 1);
  // A seed at which the process ended does not keep the others from being tried.
  while (seeds.length > 0 && !options.signal?.aborted) {
    const ended = await run(bug, seeds, options, (caught) => catches.push(caught));
    const tried = new Set(catches.map(({ seed }) => seed));
    const left = seeds.filter((seed) => !tried.has(seed));
    if (ended !== undefined) problems.push(`seed ${left[0] ?? seeds.at(-1)}: ${ended}`);
    seeds = ended === undefined ? [] : left.slice(1);
  }
  const believed: Catch[] = [];
  for (const caught of catches) {
    const problem = caught.caught === undefined ? 'not found' : await doubt(bug, caught.caught);
    if (problem === undefined) believed.push(caught);
    else problems.push(`seed ${caught.seed}: ${problem}${caught.others.length > 0 ? `, but ${caught.others[0]}` : ''}`);
  }
  const steps = believed.flatMap(({ caught }) => (caught === undefined ? [] : callsOf(caught)));
  return {
    bug,
    catches,
    found: believed.length,
    seeds: options.seeds,
    milliseconds: median(believed.map((caught) => caught.milliseconds)),
    programs: median(believed.map((caught) => caught.programs)),
    steps: median(steps),
    mostSteps: steps.length === 0 ? undefined : Math.max(...steps),
    problems,
  };
}

/** A finding is the bug's if the filesystem without the bug does not show it. */
async function doubt(bug: Bug, caught: Caught): Promise<string | undefined> {
  return (await showsWithoutBug(bug, caught))
    ? `${signatureOfCaught(caught)} is also found without the bug`
    : undefined;
}

async function showsWithoutBug({ target }: Bug, { kind, finding }: Caught): Promise<boolean> {
  if (kind === 'calls')
    return (await replay(builtInTargets[target](), finding.program, finding.conditions)).failure !== undefined;
  const subject = builtInCrashSubjects[target as keyof typeof builtInCrashSubjects]();
  return (await replayCrashes(subject, finding)) !== undefined;
}

/** Runs a process for some seeds. Gives why it ended before its time, undefined where it did not. */
function run(
  { target, file, before, after, also, needs, shows }: Bug,
  seeds: readonly number[],
  { budget, silence = budget + PATIENCE, signal }: ZooOptions,
  onCatch: (caught: Catch) => void,
): Promise<string | undefined> {
  const patches = [{ file, before, after }, ...(also === undefined ? [] : [also])];
  const task: Hunt = { target, patches, needs, shows: shows.source, seeds, budget, silence };
  return new Promise((resolve) => {
    const child = fork(program, [JSON.stringify(task)], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      serialization: 'advanced',
      execArgv: [],
    });
    let complaint = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(-2000);
    });
    const kill = (): void => void child.kill('SIGKILL');
    signal?.addEventListener('abort', kill, { once: true });
    child.on('message', (message) => onCatch(message as Catch));
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, killedBy) => {
      signal?.removeEventListener('abort', kill);
      if (code === 0) resolve(undefined);
      else if (killedBy === 'SIGKILL') resolve(`no word for ${silence / 1000} s`);
      else resolve(complaint.split('\n').find((line) => /Error/.test(line)) ?? `ended with ${code ?? killedBy}`);
    });
  });
}
