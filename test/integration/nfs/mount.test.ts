import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect } from 'vitest';
import { type CliProcess, runCli, startCli } from '../../support/cli.ts';
import { describeMounts } from '../../support/mount.ts';
import { directoryTest as test } from '../../support/work-directory.ts';

const running: CliProcess[] = [];
const places: string[] = [];

afterEach(async () => {
  for (const place of places.splice(0)) execFileSync('umount', ['-l', place]);
  for (const { child, ended } of running.splice(0).reverse()) {
    child.kill('SIGCONT');
    child.kill('SIGTERM');
    await ended;
  }
});

async function serve(): Promise<{ readonly url: string; readonly server: ChildProcess }> {
  const served = startCli(['serve', 'nfs', 'ram', '--port', '0']);
  running.push(served);
  await expect.poll(served.output, { timeout: 30_000 }).toMatch(/serving .* on 127\.0\.0\.1:\d+/);
  const [, port] = /:(\d+);/.exec(served.output()) ?? [];
  return { url: `nfs://127.0.0.1/export?port=${port}`, server: served.child };
}

/** A mount of a server of ours that is stopped in the middle of everything. */
async function deadMount(directory: string, options: string): Promise<string> {
  const { url, server } = await serve();
  const place = join(directory, 'mount');
  mkdirSync(place);
  const mount = startCli(['mount', url, place, '-o', options]);
  running.push(mount);
  await expect.poll(mount.output, { timeout: 30_000 }).toMatch(/is mounted/);
  places.push(place);
  writeFileSync(join(place, 'file'), 'data');
  expect(readFileSync(join(place, 'file'), 'utf8')).toBe('data');
  server.kill('SIGSTOP');
  return place;
}

function ended(child: ChildProcess): Promise<{ readonly code: number | string | null; readonly complaint: string }> {
  let complaint = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  return new Promise((resolve) => child.once('close', (code, signal) => resolve({ code: signal ?? code, complaint })));
}

describeMounts('a mounted export whose server does not answer', () => {
  test('hard: a program waits, and can be interrupted', async ({ directory }) => {
    const place = await deadMount(directory, 'hard,timeo=10,noac');
    const child = spawn('cat', [join(place, 'file')], { stdio: ['ignore', 'pipe', 'pipe'] });
    const result = ended(child);
    await new Promise((resolve) => setTimeout(resolve, 4000));
    expect(child.exitCode).toBeNull();
    child.kill('SIGINT');
    expect((await result).code).toBe('SIGINT');
  }, 90_000);

  test('soft: a program gets EIO', async ({ directory }) => {
    const place = await deadMount(directory, 'soft,timeo=5,retrans=1,noac');
    const child = spawn('cat', [join(place, 'file')], { stdio: ['ignore', 'pipe', 'pipe'] });
    const { code, complaint } = await ended(child);
    expect(code).toBe(1);
    expect(complaint).toMatch(/Input\/output error/);
  }, 90_000);
});

test('what cannot be mounted is said with what to do', async ({ directory }) => {
  const { url } = await serve();
  const complaint = async (...args: readonly string[]) => {
    const { code, stderr } = await runCli(['mount', ...args], directory);
    expect(code).toBe(2);
    return stderr;
  };
  expect(await complaint(url.replace('export', 'nothing'), directory)).toMatch(/the server refuses it \(EACCES\)/);
  expect(await complaint(`${url}&mountport=1`, directory)).toMatch(/no answer from port 1 \(MOUNT\)/);
  expect(await complaint(url, directory, '-o', 'sotf')).toMatch(/unknown mount option "sotf".*and of nfs: .*soft/s);
  expect(await complaint('nfs://host', directory)).toMatch(/expected nfs:\/\/HOST\/EXPORT\?port=P/);
}, 90_000);
