import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileProgram } from './programs.ts';
import { measure, printTable, type Row, roundOptions } from './rounds.ts';
import { daemonCommand } from './servers.ts';

const rows: readonly Row[] = [
  { operation: 'pread', title: 'pread 4K' },
  { operation: 'distinct', title: 'pread 4K of 8 MiB, no two pages alike' },
  { operation: 'fresh', title: 'pread 4K of 256 MiB, no two pages alike' },
  { operation: 'fstat', title: 'fstat' },
  { operation: 'stat', title: 'stat' },
  { operation: 'create', title: 'create + write 4K + unlink' },
  { operation: 'write', title: 'write 4K' },
  { operation: 'seqread', title: 'read 1M, sequential' },
];

/** What recording costs: ram on the device channel, with and without a trace, on one core with the client. */
export async function bench(args: readonly string[]): Promise<number> {
  const options = roundOptions(args);
  const client = compileProgram('client');
  if (client === undefined) return 1;
  const chosen = rows.filter(({ operation }) => options.only?.includes(operation) ?? true);
  const directory = mkdtempSync(join(tmpdir(), 'estale-bench-trace-'));
  try {
    const commands = [
      ['recorded', daemonCommand('serve', 'device', join(directory, 'bench.trace'))],
      ['not recorded', daemonCommand('serve', 'device')],
    ] as const;
    const rates = await measure(client, commands, ['prepare', 'large'], chosen, options);
    const names = commands.map(([name]) => name);
    printTable(chosen, names, [['recorded', 'not recorded']], rates);
    return 0;
  } finally {
    rmSync(directory, { recursive: true });
  }
}
