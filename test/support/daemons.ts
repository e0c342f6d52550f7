import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMounted } from './daemon-process.ts';

const examples = '/usr/share/doc/libfuse3-dev/examples';
const sources = fileURLToPath(new URL('../../src/bench/device', import.meta.url));

const programs = fileURLToPath(new URL('../../dist/test-daemons/', import.meta.url));

/** Compiles a C program against libfuse 3 (Debian: libfuse3-dev); gives its path. Others may be doing the same. */
function compiled(source: string): string {
  const flags = execFileSync('pkg-config', ['--cflags', '--libs', 'fuse3'], { encoding: 'utf8' }).trim().split(/\s+/);
  mkdirSync(programs, { recursive: true });
  const program = join(programs, basename(source, '.c'));
  const unfinished = `${program}.${process.pid}`;
  execFileSync('cc', ['-O1', '-w', '-o', unfinished, source, ...flags]);
  renameSync(unfinished, program);
  return program;
}

/** The low-level server that comes with libfuse 3 as an example, on a directory. */
export const passthroughLl = (): string => compiled(join(examples, 'passthrough_ll.c'));
/** The low-level server of the benchmark, in memory. */
export const ramLl = (): string => compiled(join(sources, 'ram_ll.c'));

/** Why the daemons of Debian cannot be tried here. */
export function whyNoDaemons(): string | undefined {
  const missing = ['gocryptfs', 'fuse-overlayfs', 'bindfs', 'pkg-config', 'cc'].filter(
    (name) => spawnSync('which', [name]).status !== 0,
  );
  if (!existsSync(join(examples, 'passthrough_ll.c'))) missing.push('the examples of libfuse3-dev');
  return missing.length === 0
    ? undefined
    : `missing: ${missing.join(', ')}; scripts/install-debian-packages installs them`;
}

/** Runs a daemon's command, `{fuse}` in it being a directory, until `use` is done: a mount without any of estale's code. */
export async function mountedFor<T>(
  command: string,
  setup: string | undefined,
  use: (directory: string) => Promise<T>,
): Promise<T> {
  const home = mkdtempSync(join(tmpdir(), 'estale-test-'));
  const point = join(home, 'mnt');
  const backing = join(home, 'backing');
  for (const made of [point, backing]) mkdirSync(made);
  if (setup !== undefined) execFileSync('/bin/sh', ['-ec', setup], { cwd: home, stdio: 'ignore' });
  const words = command.replaceAll('{fuse}', point).replaceAll('{backing}', backing);
  const child = spawn('/bin/sh', ['-c', `exec ${words}`], { cwd: home, stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  try {
    for (let waited = 0; !isMounted(point); waited += 20) {
      if (waited > 10_000 || child.exitCode !== null) throw new Error(`${command} did not mount`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return await use(point);
  } finally {
    if (isMounted(point)) execFileSync('umount', ['-l', point]);
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 5000))]);
    child.kill('SIGKILL');
    await ended;
    rmSync(home, { recursive: true, force: true });
  }
}
