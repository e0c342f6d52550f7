import { compileProgram } from './programs.ts';
import { measure, printTable, type Row, roundOptions } from './rounds.ts';
import { daemonCommand } from './servers.ts';

const device = 'device channel';
const fuseNative = 'fuse-native';

const rows: readonly Row[] = [
  { operation: 'stat', title: 'stat' },
  { operation: 'fstat', title: 'fstat' },
  { operation: 'pread', title: 'pread 4K' },
  { operation: 'seqread', title: 'read 1M, sequential' },
  { operation: 'readdir', title: 'readdir of 10,000' },
  { operation: 'create', title: 'create + write 4K + unlink' },
  { operation: 'write', title: 'write 4K' },
];

/**
 * The ram filesystem on the device channel and on the libfuse channel, against a C server with the same tree on libfuse's
 * low-level API, single threaded, and a plain fuse-native server: interleaved rounds, daemons and client on one core,
 * medians, as ratios.
 */
export async function bench(args: readonly string[]): Promise<number> {
  const options = roundOptions(args);
  const client = compileProgram('client');
  if (client === undefined) return 1;
  const libfuse = compileProgram('ram_ll', 'fuse3');
  const chosen = rows.filter(({ operation }) => options.only?.includes(operation) ?? true);
  const commands: (readonly [string, readonly string[]])[] = [
    [device, daemonCommand('serve', 'device')],
    [fuseNative, daemonCommand('fuse-native')],
    ['libfuse channel', daemonCommand('serve', 'libfuse')],
  ];
  if (libfuse !== undefined) commands.unshift(['libfuse -s (C)', [libfuse, '-f']]);
  const rates = await measure(client, commands, ['prepare'], chosen, options);
  const names = commands.map(([name]) => name);
  const pairs = names.slice(1).map((name) => [name, names[0]] as const);
  if (names[0] !== device) pairs.push([device, fuseNative]);
  printTable(chosen, names, pairs, rates);
  return 0;
}
