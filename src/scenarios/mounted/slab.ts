import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { nodeEnvironment } from '../../env/index.ts';
import { MountError } from '../../mount/index.ts';
import { scenarios } from '../catalogue/index.ts';
import type { Scenario } from '../scenario.ts';
import { mountScenario } from './mount.ts';

/** Objects of fuse_inode that are in use, on the whole machine. */
export interface MountedSlab {
  readonly before: number;
  readonly after: number;
  readonly unmounted: number;
}

const IN_DIRECTORY = 1000;

/**
 * Mounts an NFS client, has find(1) look at files there, and counts what the real kernel keeps of them.
 *
 * @throws MountError that says what to do
 */
export async function mountedSlab(directory: string, files: number): Promise<MountedSlab> {
  const scenario = scenarios.find(({ id }) => id === 'inode-cache-growth') as Scenario;
  const before = fuseInodes();
  const mounted = await mountScenario(scenario, [directory], { remedied: false, tell: () => {}, report: () => {} });
  let after: number;
  try {
    for (let i = 0; i * IN_DIRECTORY < files; i++)
      mounted.site.makeFiles(`d${i}`, Math.min(IN_DIRECTORY, files - i * IN_DIRECTORY));
    await look(directory);
    after = fuseInodes();
  } finally {
    await mounted.unmount();
  }
  return { before, after, unmounted: await afterGrace(after - files / 2) };
}

/** What is in use when inodes of the mount are freed: after a grace period of RCU (fuse_free_inode), for which this waits 5 s at most. */
async function afterGrace(expected: number): Promise<number> {
  const { timers } = nodeEnvironment();
  for (let i = 0; i < 100 && fuseInodes() > expected; i++)
    await new Promise<void>((resolve) => void timers.after(50, resolve));
  return fuseInodes();
}

/** A process of its own: this one serves the mount. */
function look(directory: string): Promise<void> {
  const find = spawn('find', [directory, '-size', '+1'], { stdio: 'ignore' });
  return new Promise((resolve, reject) => {
    find.once('error', reject);
    find.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`find ${directory}: expected status 0, given ${code}`)),
    );
  });
}

/** /proc/slabinfo: name, active objects, ... (slabinfo(5)). */
function fuseInodes(): number {
  let text: string;
  try {
    text = readFileSync('/proc/slabinfo', 'utf8');
  } catch (error) {
    throw new MountError('no-permission', '/proc/slabinfo cannot be read: only root may', { cause: error });
  }
  return Number(/^fuse_inode +(\d+)/m.exec(text)?.[1] ?? 0);
}
