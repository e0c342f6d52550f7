import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { median } from '../median.ts';
import { compileProgram } from './programs.ts';
import { type BenchServer, daemonCommand, startServer } from './servers.ts';

const device = 'device channel';
const fuseNative = 'fuse-native';

const rows = [
  { operation: 'stat', title: 'stat' },
  { operation: 'fstat', title: 'fstat' },
  { operation: 'pread', title: 'pread 4K' },
  { operation: 'seqread', title: 'read 1M, sequential' },
  { operation: 'readdir', title: 'readdir of 10,000' },
  { operation: 'create', title: 'create + write 4K + unlink' },
  { operation: 'write', title: 'write 4K' },
] as const;

/**
 * The ram filesystem on the device channel and on the libfuse channel, against a C server with the same tree on libfuse's
 * low-level API, single threaded, and a plain fuse-native server: interleaved rounds, daemons and client on one core,
 * medians, as ratios.
 */
export async function bench(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '40' },
      ms: { type: 'string', default: '40' },
      core: { type: 'string', default: '0' },
      only: { type: 'string' },
    },
  });
  const client = compileProgram('client');
  if (client === undefined) return 1;
  const libfuse = compileProgram('ram_ll', 'fuse3');
  const core = Number(values.core);
  const chosen = rows.filter(
    ({ operation }) => values.only === undefined || values.only.split(',').includes(operation),
  );

  const servers: BenchServer[] = [];
  try {
    for (const [name, command] of [
      ['libfuse -s (C)', libfuse === undefined ? undefined : [libfuse, '-f']],
      [device, daemonCommand('serve', 'device')],
      [fuseNative, daemonCommand('fuse-native')],
      ['libfuse channel', daemonCommand('serve', 'libfuse')],
    ] as const)
      if (command !== undefined) servers.push(await startServer(name, core, command));
    const run = (server: BenchServer, ...rest: string[]) => runClient(client, core, server.directory, rest);
    for (const server of servers) run(server, 'prepare');

    const rates = chosen.map(() => servers.map((): number[] => []));
    for (let round = 0; round < Number(values.rounds); round++) {
      chosen.forEach(({ operation }, row) => {
        // Whoever goes first in one round goes last in the next.
        const order = round % 2 === 0 ? servers : [...servers].reverse();
        for (const server of order) rates[row][servers.indexOf(server)].push(Number(run(server, operation, values.ms)));
      });
    }
    printTable(
      chosen.map(({ title }) => title),
      servers.map(({ name }) => name),
      rates,
    );
    return 0;
  } finally {
    for (const server of servers) await server.stop();
  }
}

function runClient(client: string, core: number, directory: string, args: readonly string[]): string {
  const result = spawnSync('taskset', ['-c', String(core), client, directory, ...args], {
    encoding: 'utf8',
    timeout: 120_000,
  });
  if (result.status !== 0) throw new Error(`${client} ${directory} ${args.join(' ')}: ${result.stderr}`);
  return result.stdout.trim();
}

/** `rates` by row, server and round. A ratio is the median of the rounds' ratios: what disturbs a round disturbs both sides. */
function printTable(
  titles: readonly string[],
  names: readonly string[],
  rates: readonly (readonly number[][])[],
): void {
  const pairs = names.slice(1).map((name) => [name, names[0]] as const);
  if (names[0] !== device) pairs.push([device, fuseNative]);
  const heads = [...names, ...pairs.map(([name, other]) => `${name} / ${other}`)];
  console.log(`| operations per second | ${heads.join(' | ')} |`);
  console.log(`|---|${'---|'.repeat(heads.length)}`);
  titles.forEach((title, row) => {
    const roundsOf = (name: string) => rates[row][names.indexOf(name)];
    const figures = rates[row].map((rounds) => Math.round(median(rounds)).toLocaleString('en'));
    const ratios = pairs.map(([name, other]) =>
      median(roundsOf(name).map((rate, i) => rate / roundsOf(other)[i])).toFixed(2),
    );
    console.log(`| ${[title, ...figures, ...ratios].join(' | ')} |`);
  });
}
