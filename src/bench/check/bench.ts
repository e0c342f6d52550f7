import { parseArgs } from 'node:util';
import { check, memfsTarget, simulatedTarget, type Target } from '../../check/index.ts';
import { ram } from '../../filesystems/index.ts';
import { median } from '../median.ts';

const targets: readonly Target[] = [simulatedTarget('ram', ram), memfsTarget()];

/**
 * System calls a second that are generated, run and judged: on the simulated kernel with ram, and on memfs directly (whose
 * divergences are shrunk in that time too); interleaved rounds, medians.
 */
export async function bench(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { rounds: { type: 'string', default: '5' }, ms: { type: 'string', default: '2000' } },
  });
  const speeds: number[][] = targets.map(() => []);
  for (let round = 0; round <= Number(values.rounds); round++) {
    for (const [t, target] of targets.entries()) {
      const report = await check(target, { seed: round, time: Number(values.ms), now: () => performance.now() });
      // The first round warms up.
      if (round > 0) speeds[t].push(report.callsPerSecond);
    }
  }
  console.log('| target | thousand checked calls/s |\n|---|---|');
  for (const [t, { name }] of targets.entries()) console.log(`| ${name} | ${Math.round(median(speeds[t]) / 1000)} |`);
  return 0;
}
