import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** A daemon that serves a mount for the benchmark. */
export interface BenchServer {
  readonly name: string;
  readonly directory: string;
  stop(): Promise<void>;
}

/** Starts `command DIRECTORY` on one core and waits until DIRECTORY is a mount. */
export async function startServer(name: string, core: number, command: readonly string[]): Promise<BenchServer> {
  const directory = mkdtempSync(join(tmpdir(), 'estale-bench-'));
  const child = spawn('taskset', ['-c', String(core), ...command, directory], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stop = async () => {
    spawnSync('umount', ['-i', directory]);
    await Promise.race([ended, delay(5000, undefined, { ref: false })]);
    await kill(child, ended);
    spawnSync('umount', ['-i', '-f', '-l', directory]);
    rmdirSync(directory);
  };
  for (let waited = 0; !isMounted(directory); waited += 50) {
    if (waited > 20_000 || child.exitCode !== null) {
      await stop();
      throw new Error(`${name}: ${command.join(' ')} did not mount`);
    }
    await delay(50);
  }
  return { name, directory, stop };
}

async function kill(child: ChildProcess, ended: Promise<void>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await ended;
}

function isMounted(directory: string): boolean {
  return readFileSync('/proc/self/mountinfo', 'utf8').includes(` ${directory} `);
}

/** The command of one of the benchmark's own daemons, which stand beside this module. */
export function daemonCommand(script: 'serve' | 'fuse-native', ...args: readonly string[]): readonly string[] {
  return [process.execPath, fileURLToPath(new URL(`./${script}.js`, import.meta.url)), ...args];
}
