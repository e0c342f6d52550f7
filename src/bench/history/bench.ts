import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { Draw } from '../../check/arbitrary/draw.ts';
import { generateConcurrent } from '../../check/concurrent/generate.ts';
import { runConcurrent } from '../../check/concurrent/run.ts';
import { simulatedTarget } from '../../check/index.ts';
import { seededRandom } from '../../check/seed.ts';
import { ram } from '../../filesystems/index.ts';
import { judge, ladder, showLevel } from '../../history/index.ts';
import { median } from '../median.ts';

const PROCESSES = 10;
const CALLS = 100;
const TIMEOUTS = { entryTimeout: 1, attributeTimeout: 1, negativeTimeout: 1 };

const worlds = [
  { name: 'one client', clients: 1, settings: {} },
  { name: 'two clients, timeouts of 1 s', clients: 2, settings: TIMEOUTS },
] as const;

/** CPU seconds that it takes to judge histories of 10 processes with 100 calls each, the smallest contradiction included. */
export async function bench(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { histories: { type: 'string', default: '20' } } });
  const target = simulatedTarget('ram', ram);
  console.log('| histories | level | hold | undecided | median s | longest s |\n|---|---|---|---|---|---|');
  for (const { name, clients, settings } of worlds) {
    const seconds = ladder(1).map((): number[] => []);
    const verdicts = ladder(1).map(() => ({ holds: 0, contradicted: 0, undecided: 0 }));
    for (let seed = 0; seed < Number(values.histories); seed++) {
      const draw = new Draw(new fc.Random(seededRandom(seed, 0)));
      const program = generateConcurrent(draw, {
        without: new Set(),
        clients,
        processes: PROCESSES,
        calls: CALLS,
        pauses: [1, 100, 700, 1500],
      });
      const { history } = await runConcurrent(target, program, { seed, order: 'random', reorder: true, settings });
      for (const [i, level] of ladder(1).entries()) {
        const start = process.cpuUsage();
        verdicts[i][judge(history, level).kind] += 1;
        const { user, system } = process.cpuUsage(start);
        seconds[i].push((user + system) / 1e6);
      }
    }
    for (const [i, level] of ladder(1).entries()) {
      const { holds, undecided } = verdicts[i];
      const row = [
        name,
        showLevel(level),
        holds,
        undecided,
        median(seconds[i]).toFixed(2),
        Math.max(...seconds[i]).toFixed(2),
      ];
      console.log(`| ${row.join(' | ')} |`);
    }
  }
  return 0;
}
