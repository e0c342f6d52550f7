// The process that looks for one bug, in a copy of the program that has it. It imports nothing of the program by itself:
// modules are to be loaded after the hooks are there.
import { register } from 'node:module';
import { Worker } from 'node:worker_threads';
import type { CrashFinding } from '../check/index.ts';
import type { Need } from './bug.ts';
import type { Caught } from './caught.ts';
import type { Patch } from './patch.ts';

/** What the process is started with, as JSON in its first argument. */
export interface Hunt {
  readonly target: string;
  readonly patches: readonly Patch[];
  /** What it takes to see the bug. */
  readonly needs: Need;
  /** Source of the regular expression for the signatures that count. */
  readonly shows: string;
  readonly seeds: readonly number[];
  /** CPU milliseconds for each seed. */
  readonly budget: number;
  /** Milliseconds without a word after which the process ends itself, whatever the bug has it do. */
  readonly silence: number;
}

/** What it says of one seed. */
export interface Catch {
  readonly seed: number;
  /** CPU milliseconds, shrinking included. */
  readonly milliseconds: number;
  /** Programs that were generated, and calls that were judged. */
  readonly programs: number;
  readonly calls: number;
  /** The first finding whose signature counts; undefined where the time was over before. */
  readonly caught: Caught | undefined;
  /** Signatures of what was found besides. */
  readonly others: readonly string[];
}

const hunt = JSON.parse(process.argv[2]) as Hunt;

// A bug may loop without end, and a parent may be gone: then this thread ends the process.
const watchdog = new Worker(
  `const { parentPort, workerData } = require('node:worker_threads');
   let timer;
   parentPort.on('message', () => { clearTimeout(timer); timer = setTimeout(() => process.kill(process.pid, 'SIGKILL'), workerData); });`,
  { eval: true, workerData: hunt.silence },
);
watchdog.postMessage('started');
watchdog.unref();
process.once('disconnect', () => process.exit());

const modules = hunt.patches.map((patch) => {
  const url = new URL(`../${patch.file.replace(/\.ts$/, '.js')}`, import.meta.url).href;
  return { url, patch };
});
register('./hooks.js', import.meta.url, { data: modules });
const { EVALUATED } = await import('./hooks.js');
const { builtInCrashSubjects, builtInTargets, check, checkCrashes, faultClasses, sweepCrashes } = await import(
  '../check/index.js'
);
const { signatureOfCaught } = await import('./caught.js');
const evaluated = (globalThis as Record<symbol, unknown>)[Symbol.for(EVALUATED)] as readonly string[] | undefined;
for (const { url, patch } of modules)
  if (!evaluated?.includes(url))
    throw new Error(`${patch.file}: expected to be part of the program, it was not loaded`);

const milliseconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

const tell = (message: Catch): Promise<void> =>
  new Promise((resolve, reject) => {
    process.send?.(message, (error: Error | null) => (error === null ? resolve() : reject(error)));
  });

const shows = new RegExp(hunt.shows);

/** What a search looked at. */
interface Tried {
  readonly programs: number;
  readonly calls: number;
}

/** What every search is told, and to whom it says what it found. */
interface How {
  readonly seed: number;
  readonly time: number;
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly yield: () => Promise<void>;
  readonly onCaught: (caught: Caught) => void;
}

/** What `estale check` does. */
async function checkCalls({ onCaught, ...how }: How): Promise<Tried> {
  const make = builtInTargets[hunt.target as keyof typeof builtInTargets];
  const { runs, calls } = await check(make(), {
    ...how,
    faults: hunt.needs === 'faults' ? { classes: faultClasses } : undefined,
    onFinding: (finding) => onCaught({ kind: 'calls', finding }),
  });
  return { programs: runs, calls };
}

/** What `estale check --crashes` does. */
async function checkPowerFailures({ onCaught, ...how }: How): Promise<Tried> {
  const subject = builtInCrashSubjects[hunt.target as keyof typeof builtInCrashSubjects]();
  const all = { ...how, onFinding: (finding: CrashFinding) => onCaught({ kind: 'crash', finding }) };
  const begin = milliseconds();
  const swept = await sweepCrashes(subject, { ...all, length: 1 });
  const time = Math.max(0, how.time - (milliseconds() - begin));
  const { runs } = await checkCrashes(subject, { ...all, time, findings: Infinity });
  return { programs: swept.programs + runs, calls: 0 };
}

async function tryOnce(seed: number): Promise<Catch> {
  const start = milliseconds();
  const controller = new AbortController();
  const others: string[] = [];
  let caught: Caught | undefined;
  let took: number | undefined;
  const search = hunt.needs === 'crash' ? checkPowerFailures : checkCalls;
  const { programs, calls } = await search({
    seed,
    time: hunt.budget,
    now: milliseconds,
    signal: controller.signal,
    yield: async () => {
      watchdog.postMessage('alive');
      await new Promise((resolve) => setImmediate(resolve));
    },
    onCaught: (found) => {
      if (caught !== undefined) return;
      const signature = signatureOfCaught(found);
      if (!shows.test(signature)) {
        others.push(signature);
        return;
      }
      took = milliseconds() - start;
      caught = found;
      controller.abort();
    },
  });
  return { seed, milliseconds: took ?? milliseconds() - start, programs, calls, caught, others };
}

for (const seed of hunt.seeds) {
  watchdog.postMessage('alive');
  await tell(await tryOnce(seed));
}
process.disconnect();
