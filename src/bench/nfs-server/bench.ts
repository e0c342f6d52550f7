import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileProgram } from '../device/programs.ts';
import { interleave, printTable, type Row, roundOptions, runClient } from '../device/rounds.ts';
import { Ganesha, whyNoGanesha } from './ganesha.ts';

const rows: readonly Row[] = [
  { operation: 'getattr', title: 'GETATTR' },
  { operation: 'lookup', title: 'LOOKUP' },
  { operation: 'read4', title: 'READ 4 KiB' },
  { operation: 'write4', title: 'WRITE 4 KiB' },
  { operation: 'read64', title: 'READ 64 KiB' },
  { operation: 'write64', title: 'WRITE 64 KiB' },
  { operation: 'create', title: 'CREATE and REMOVE' },
];

interface Server {
  readonly name: string;
  /** What the client takes: address, ports of NFS and MOUNT, path. */
  readonly export: readonly string[];
  stop(): Promise<void>;
}

/** `estale serve nfs` on one core. */
async function serve(filesystem: string, core: number): Promise<Server> {
  const program = fileURLToPath(new URL('../../../bin/estale.js', import.meta.url));
  const command = ['-c', String(core), process.execPath, program, 'serve', 'nfs', filesystem, '--port', '0'];
  const child = spawn('taskset', command, { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = await portOf(child);
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return {
    name: `estale ${filesystem.split(':')[0]}`,
    export: ['127.0.0.1', port, port, '/export'],
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

/** The port that a server says it has. */
function portOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const port = /127\.0\.0\.1:(\d+);/.exec(said)?.[1];
      if (port !== undefined) resolve(port);
    });
    child.once('close', (code) => reject(new Error(`estale serve ended with ${code}`)));
  });
}

async function serveGanesha(core: number): Promise<Server> {
  const ganesha = await Ganesha.start(core);
  const { port, mountport, directory } = ganesha;
  return {
    name: 'nfs-ganesha',
    export: ['127.0.0.1', String(port), String(mountport), directory],
    stop: () => ganesha.stop(),
  };
}

/**
 * Our server, with ram and with a directory of the disk, beside nfs-ganesha with one (FSAL VFS): a client in C with 16 calls
 * under way, interleaved rounds, servers and client on one core, medians, as ratios.
 */
export async function bench(args: readonly string[]): Promise<number> {
  const { core, rounds, ms, only } = roundOptions(args);
  const client = compileProgram('client', undefined, 'nfs-server');
  if (client === undefined) return 1;
  const chosen = rows.filter(({ operation }) => only?.includes(operation) ?? true);
  const directory = mkdtempSync(join(tmpdir(), 'estale-bench-'));
  const servers: Server[] = [];
  try {
    const why = whyNoGanesha();
    if (why === undefined) servers.push(await serveGanesha(core));
    else console.error(`without nfs-ganesha: ${why}`);
    for (const filesystem of ['ram', `loopback:${directory}`]) servers.push(await serve(filesystem, core));
    for (const server of servers) runClient(client, core, [...server.export, 'prepare']);
    const rates = interleave(chosen, servers, rounds, (server, operation) =>
      Number(runClient(client, core, [...server.export, operation, ms])),
    );
    const names = servers.map(({ name }) => name);
    const pairs = why === undefined ? names.slice(1).map((name) => [name, names[0]] as const) : [];
    printTable(chosen, names, pairs, rates);
    return 0;
  } finally {
    for (const server of servers) await server.stop();
    rmSync(directory, { recursive: true });
  }
}
