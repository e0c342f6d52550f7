import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { median } from '../median.ts';
import { type BenchServer, startServer } from './servers.ts';

/** An operation of client.c, and what it is called in a table. */
export interface Row {
  readonly operation: string;
  readonly title: string;
}

/** How often and on which core, from the command line. */
export interface RoundOptions {
  readonly rounds: number;
  /** Milliseconds of one operation in one round. */
  readonly ms: string;
  readonly core: number;
  readonly only: readonly string[] | undefined;
}

export function roundOptions(args: readonly string[]): RoundOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '40' },
      ms: { type: 'string', default: '40' },
      core: { type: 'string', default: '0' },
      only: { type: 'string' },
    },
  });
  return { rounds: Number(values.rounds), ms: values.ms, core: Number(values.core), only: values.only?.split(',') };
}

/** Operations per second, by row, server and round. */
export type Rates = readonly (readonly (readonly number[])[])[];

/**
 * Starts each server by its command (`command DIRECTORY`), lets the client prepare its directory by each word of
 * `preparations`, and runs every row on every server in interleaved rounds, daemons and client on one core.
 */
export async function measure(
  client: string,
  commands: readonly (readonly [name: string, command: readonly string[]])[],
  preparations: readonly string[],
  rows: readonly Row[],
  { core, rounds, ms }: RoundOptions,
): Promise<Rates> {
  const servers: BenchServer[] = [];
  try {
    for (const [name, command] of commands) servers.push(await startServer(name, core, command));
    const run = (server: BenchServer, ...rest: string[]) => runClient(client, core, [server.directory, ...rest]);
    for (const server of servers) for (const word of preparations) run(server, word);
    return interleave(rows, servers, rounds, (server, operation) => Number(run(server, operation, ms)));
  } finally {
    for (const server of servers) await server.stop();
  }
}

/** Runs every row on every server in interleaved rounds; `run` gives operations per second. */
export function interleave<Server>(
  rows: readonly Row[],
  servers: readonly Server[],
  rounds: number,
  run: (server: Server, operation: string) => number,
): Rates {
  const rates = rows.map(() => servers.map((): number[] => []));
  for (let round = 0; round < rounds; round++) {
    rows.forEach(({ operation }, row) => {
      // Whoever goes first in one round goes last in the next.
      const order = round % 2 === 0 ? servers : [...servers].reverse();
      for (const server of order) rates[row][servers.indexOf(server)].push(run(server, operation));
    });
  }
  return rates;
}

/** Runs a client on one core, and gives what it prints. */
export function runClient(client: string, core: number, args: readonly string[]): string {
  const result = spawnSync('taskset', ['-c', String(core), client, ...args], { encoding: 'utf8', timeout: 120_000 });
  if (result.status !== 0) throw new Error(`${client} ${args.join(' ')}: ${result.stderr}`);
  return result.stdout.trim();
}

/**
 * Prints a table: the servers' medians, then for each pair of servers a ratio, the median of the rounds' ratios: what
 * disturbs a round disturbs both sides.
 */
export function printTable(
  rows: readonly Row[],
  names: readonly string[],
  pairs: readonly (readonly [name: string, other: string])[],
  rates: Rates,
): void {
  const heads = [...names, ...pairs.map(([name, other]) => `${name} / ${other}`)];
  console.log(`| operations per second | ${heads.join(' | ')} |`);
  console.log(`|---|${'---|'.repeat(heads.length)}`);
  rows.forEach(({ title }, row) => {
    const roundsOf = (name: string) => rates[row][names.indexOf(name)];
    const figures = rates[row].map((rounds) => Math.round(median(rounds)).toLocaleString('en'));
    const ratios = pairs.map(([name, other]) =>
      median(roundsOf(name).map((rate, i) => rate / roundsOf(other)[i])).toFixed(2),
    );
    console.log(`| ${[title, ...figures, ...ratios].join(' | ')} |`);
  });
}
