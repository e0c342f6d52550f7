import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import {
  type BuiltInTarget,
  builtInSource,
  builtInTargets,
  check,
  checkInParallel,
  keepObjectsYoung,
} from '../../check/index.ts';
import { median } from '../median.ts';

const names = ['ram', 'memfs'] as const;
const cores = availableParallelism();
const now = () => performance.now();

/** Milliseconds in which a thread that was just started warms up. */
const WARMING = 10_000;

interface Row {
  readonly target: string;
  readonly on: string;
  /** Checked calls a second. */
  readonly round: (seed: number, time: number) => Promise<number>;
}

/** In this thread, which the first round warms up. */
async function onOneCore(name: BuiltInTarget, seed: number, time: number): Promise<number> {
  const { callsPerSecond } = await check(builtInTargets[name](), { seed, time, now });
  return callsPerSecond;
}

/** In threads of its own, which are new in each round, and are measured when they are warm. */
async function onAllCores(name: BuiltInTarget, seed: number, time: number): Promise<number> {
  let start: number | undefined;
  let warm: { readonly at: number; readonly calls: number } | undefined;
  const { calls } = await checkInParallel(builtInSource(name), {
    seed,
    time: WARMING + time,
    jobs: cores,
    onProgress: (progress) => {
      start ??= now();
      if (now() - start >= WARMING) warm ??= { at: now(), calls: progress.calls };
    },
  });
  if (warm === undefined) throw new Error(`${name}: expected some calls after ${WARMING} ms, there were none`);
  return ((calls - warm.calls) * 1000) / (now() - warm.at);
}

const rows: readonly Row[] = names.flatMap((name): Row[] => [
  { target: name, on: 'one core', round: (seed, time) => onOneCore(name, seed, time) },
  { target: name, on: `all cores (${cores})`, round: (seed, time) => onAllCores(name, seed, time) },
]);

/**
 * System calls a second that are generated, run and judged: on the simulated kernel with ram, and on memfs directly (whose
 * divergences are shrunk in that time too), as `estale check` runs them; in this thread, and in as many threads as there are
 * cores; interleaved rounds, medians.
 */
export async function bench(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { rounds: { type: 'string', default: '5' }, ms: { type: 'string', default: '4000' } },
  });
  keepObjectsYoung();
  const speeds: number[][] = rows.map(() => []);
  for (let seed = 0; seed <= Number(values.rounds); seed++) {
    for (const [r, { round }] of rows.entries()) {
      const speed = await round(seed, Number(values.ms));
      if (seed > 0) speeds[r].push(speed);
    }
  }
  console.log('| target | on | thousand checked calls/s |\n|---|---|---|');
  for (const [r, { target, on }] of rows.entries())
    console.log(`| ${target} | ${on} | ${Math.round(median(speeds[r]) / 1000)} |`);
  return 0;
}
