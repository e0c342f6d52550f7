import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import {
  builtInSource,
  builtInTargets,
  type CheckOptions,
  check,
  checkInParallel,
  type Report,
} from '../../check/index.ts';
import { median } from '../median.ts';

const names = ['ram', 'memfs'] as const;
const cores = availableParallelism();

type Limits = Pick<CheckOptions, 'seed' | 'time'>;

interface Row {
  readonly target: string;
  readonly on: string;
  readonly round: (limits: Limits) => Promise<Report>;
}

const rows: readonly Row[] = names.flatMap((name): Row[] => [
  {
    target: name,
    on: 'one core',
    round: (limits) => check(builtInTargets[name](), { ...limits, now: () => performance.now() }),
  },
  {
    target: name,
    on: `all cores (${cores})`,
    round: (limits) => checkInParallel(builtInSource(name), { ...limits, jobs: cores }),
  },
]);

/**
 * System calls a second that are generated, run and judged: on the simulated kernel with ram, and on memfs directly (whose
 * divergences are shrunk in that time too); in this thread, and in as many threads as there are cores; interleaved rounds,
 * medians. The threads are new in each round: their start is not in its time, their warming up is.
 */
export async function bench(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { rounds: { type: 'string', default: '5' }, ms: { type: 'string', default: '10000' } },
  });
  const speeds: number[][] = rows.map(() => []);
  for (let seed = 0; seed <= Number(values.rounds); seed++) {
    for (const [r, { round }] of rows.entries()) {
      const { callsPerSecond } = await round({ seed, time: Number(values.ms) });
      // The first round warms up this thread.
      if (seed > 0) speeds[r].push(callsPerSecond);
    }
  }
  console.log('| target | on | thousand checked calls/s |\n|---|---|---|');
  for (const [r, { target, on }] of rows.entries())
    console.log(`| ${target} | ${on} | ${Math.round(median(speeds[r]) / 1000)} |`);
  return 0;
}
