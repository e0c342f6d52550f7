import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export interface Daemon {
  readonly child: ChildProcess;
  /** Standard output and standard error so far. */
  readonly output: () => string;
  /** Exit code or signal. */
  readonly ended: Promise<number | string | null>;
}

/** Starts the mount command as a process; resolves when it said that it is ready, or has ended. */
export async function startDaemon(...args: string[]): Promise<Daemon> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./daemon.js', import.meta.url)), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  const ended = new Promise<number | string | null>((resolve) => {
    child.once('close', (code, signal) => resolve(signal ?? code));
  });
  const ready = new Promise<void>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data: Buffer) => {
        output += data.toString();
        if (output.includes('is mounted on')) resolve();
      });
    }
  });
  await Promise.race([ready, ended]);
  return { child, output: () => output, ended };
}

export const isMounted = (place: string) => readFileSync('/proc/self/mountinfo', 'utf8').includes(` ${place} `);

/** The ids of the watchers of a place that still run. */
export function watchersOf(place: string): string[] {
  const commandOf = (pid: string) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    } catch {
      return [];
    }
  };
  return readdirSync('/proc').filter((pid) => {
    const command = /^\d+$/.test(pid) ? commandOf(pid) : [];
    return command.includes('estale-watcher') && command.includes(place);
  });
}

/** Waits until the condition holds; says what was waited for when it does not within 20 seconds. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  for (let waited = 0; waited < 20_000; waited += 20) {
    if (holds()) return;
    await delay(20);
  }
  throw new Error(`waited in vain: ${what}`);
}
