import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { mountAt } from '../../src/mount/mount-table.ts';
import { type Daemon, isMounted, startDaemon, until, watchersOf } from '../support/daemon-process.ts';
import { describeMounts, fixture, mountTest, ram } from '../support/mount.ts';

interface Processes {
  readonly daemon: (...args: string[]) => Promise<Daemon>;
  /** A process that is killed after the test. */
  readonly start: (command: string, ...args: string[]) => ChildProcess;
}

const test = mountTest.extend<Processes>({
  daemon: async ({ place }, use) => {
    const daemons: Daemon[] = [];
    await use(async (...args) => {
      const daemon = await startDaemon(...args);
      daemons.push(daemon);
      return daemon;
    });
    for (const { child, ended } of daemons) {
      child.kill('SIGKILL');
      await ended;
    }
    await until(`nothing is mounted on ${place}`, () => !isMounted(place));
  },
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads which fixtures are used from the pattern
  start: async ({}, use) => {
    const children: ChildProcess[] = [];
    await use((command, ...args) => {
      const child = spawn(command, args, { stdio: 'ignore' });
      children.push(child);
      return child;
    });
    for (const child of children) child.kill('SIGKILL');
  },
});

const gone = async (place: string) => {
  await until(`nothing is mounted on ${place}`, () => !isMounted(place));
  await until(`the watcher of ${place} ends`, () => watchersOf(place).length === 0);
};

/** Mounts ram on `place`, in any kind of module. */
function mountingSource(place: string): string {
  const library = new URL('../../dist/mount/index.js', import.meta.url).href;
  return `const { mount } = await import(${JSON.stringify(library)});
    await mount(${JSON.stringify(ram)}, ${JSON.stringify(place)});`;
}

/** Starts a program that mounts ram on `place`, its first argument, and runs `script`. */
function program(start: Processes['start'], place: string, script: string): ChildProcess {
  const source = `import { writeFileSync } from 'node:fs'; ${mountingSource(place)} ${script}`;
  return start(process.execPath, '--input-type=module', '-e', source, place);
}

describeMounts('the end of a mount', () => {
  test('umount ends the command with exit code 0', async ({ place, daemon }) => {
    const { ended, output } = await daemon('ram', place);
    expect(output()).toBe(`ram is mounted on ${place}; Ctrl-C or umount ends it\n`);
    expect(watchersOf(place)).toHaveLength(1);
    execFileSync('umount', [place], { timeout: 20_000 });
    expect(await ended).toBe(0);
    await gone(place);
  });

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    test(`${signal} unmounts, and the command ends with exit code 0`, async ({ place, daemon }) => {
      const { child, ended } = await daemon('ram', place);
      child.kill(signal);
      expect(await ended).toBe(0);
      expect(isMounted(place)).toBe(false);
      await gone(place);
    });
  }

  test('Ctrl-C for the whole process group unmounts', async ({ place, daemon }) => {
    const { child, ended } = await daemon('ram', place);
    process.kill(-child.pid!, 'SIGINT');
    expect(await ended).toBe(0);
    await gone(place);
  });

  test('after kill -9 the watcher unmounts and ends, and who waits gets an error', async ({ place, daemon, start }) => {
    const { child, ended } = await daemon(
      new URL('../support/filesystems/faulty-statfs.js', import.meta.url).pathname,
      place,
    );
    const waiting = start('stat', '-f', place);
    const status = new Promise((resolve) => waiting.once('close', resolve));
    await delay(200);
    expect(waiting.exitCode).toBe(null);
    child.kill('SIGKILL');
    expect(await ended).toBe('SIGKILL');
    expect(await status).toBe(1);
    await gone(place);
  });

  test("the watcher leaves somebody else's newer mount at the same place alone", async ({ place, daemon }) => {
    const first = await daemon('ram', place);
    const [watcher] = watchersOf(place);
    // The daemon is stopped, its mount goes, another with the same ids comes, and only then the daemon dies.
    first.child.kill('SIGSTOP');
    execFileSync('umount', ['-l', place], { timeout: 20_000 });
    const second = await daemon('ram', place);
    expect(isMounted(place)).toBe(true);
    first.child.kill('SIGKILL');
    await until('the first watcher ends', () => !existsSync(`/proc/${watcher}`));
    writeFileSync(join(place, 'alive'), 'yes');
    expect(readFileSync(join(place, 'alive'), 'utf8')).toBe('yes');
    second.child.kill('SIGTERM');
    expect(await second.ended).toBe(0);
    await gone(place);
  });

  const ends: Readonly<Record<string, readonly [script: string, end: number | string]>> = {
    'process.exit': ['process.exit(7)', 7],
    'an uncaught exception': ['setTimeout(() => { throw new Error("the end"); })', 1],
    'a signal that nobody else listens to': ['process.kill(process.pid, "SIGTERM")', 'SIGTERM'],
  };
  for (const [name, [script, end]] of Object.entries(ends)) {
    test(`${name} unmounts what a program has mounted`, async ({ place, start }) => {
      const child = program(start, place, script);
      const ended = await new Promise((resolve) => child.once('close', (code, signal) => resolve(signal ?? code)));
      expect(ended).toBe(end);
      expect(isMounted(place)).toBe(false);
      await gone(place);
    });
  }

  const workerEnds: Readonly<Record<string, readonly [script: string, code: number]>> = {
    'process.exit of the whole process': ['process.exit(7)', 7],
    'its termination': ['await worker.terminate()', 0],
  };
  for (const [name, [script, code]] of Object.entries(workerEnds)) {
    test(`a worker's mount goes with ${name}`, async ({ place, start }) => {
      const body = `${mountingSource(place)} require('node:worker_threads').parentPort.postMessage('mounted');`;
      const source = `import { Worker } from 'node:worker_threads';
        import { once } from 'node:events';
        const worker = new Worker(${JSON.stringify(`(async () => { ${body} })()`)}, { eval: true, execArgv: [] });
        await once(worker, 'message');
        // By then the thread that serves waits for a request.
        await new Promise((resolve) => setTimeout(resolve, 300));
        ${script}`;
      const child = start(process.execPath, '--input-type=module', '-e', source);
      expect(await new Promise((resolve) => child.once('close', (exit, signal) => resolve(signal ?? exit)))).toBe(code);
      await gone(place);
    });
  }

  test('a busy mount is cut off with a notice that says so', async ({ place, mounting, reports, start }) => {
    const mounted = await mounting(ram);
    const user = start('sh', '-c', `cd '${place}' && sleep 60`);
    await until('the user is there', () => readFileSync(`/proc/${user.pid}/comm`, 'utf8') !== 'node\n');
    await delay(100);
    expect(await mounted.unmount()).toEqual({ reason: 'unmounted' });
    expect(reports).toEqual([
      `${place}: busy (a process works in it: see fuser -vm ${place}); it is detached, and who still uses it gets ENOTCONN`,
    ]);
    expect(isMounted(place)).toBe(false);
  });

  test('a handler that never comes back does not keep the mount', async ({ place, mounting, reports, start }) => {
    const mounted = await mounting(fixture('faulty', { statfs: 'never' }));
    start('stat', '-f', place);
    await until('the request arrives', () => mounted.statistics().requests > mounted.statistics().replies);
    await delay(100);
    await mounted.unmount();
    expect(reports.at(-1)).toContain('does not come back from a request; its thread is stopped');
    expect(isMounted(place)).toBe(false);
  });

  test('a mount with another over it ends, and leaves that one alone', async ({ place, mounting, reports }) => {
    const mounted = await mounting(ram);
    execFileSync('mount', ['-t', 'tmpfs', 'above', place], { timeout: 20_000 });
    try {
      expect(await mounted.unmount()).toEqual({ reason: 'aborted' });
      expect(reports).toHaveLength(1);
      expect(reports[0]).toContain('another filesystem is mounted over it');
      expect(mountAt(place)?.source).toBe('above');
    } finally {
      execFileSync('umount', [place], { timeout: 20_000 });
      execFileSync('umount', ['-l', place], { timeout: 20_000 });
    }
  });

  test('an unmount by somebody else settles `closed`', async ({ place, mounting }) => {
    const mounted = await mounting(ram);
    execFileSync('umount', [place], { timeout: 20_000 });
    expect(await mounted.closed).toEqual({ reason: 'unmounted' });
    expect(await mounted.unmount()).toEqual({ reason: 'unmounted' });
  });

  test('a mount that was detached with a file in use is cut off', async ({ place, mounting, reports, start }) => {
    const mounted = await mounting(ram);
    writeFileSync(join(place, 'file'), 'x');
    const user = start('sh', '-c', `exec sleep 60 < ${place}/file`);
    await until('the file is open', () => readlinkSync(`/proc/${user.pid}/fd/0`).startsWith(place));
    execFileSync('umount', ['-l', place], { timeout: 20_000 });
    expect(await mounted.unmount()).toEqual({ reason: 'unmounted' });
    expect(reports.join()).toContain('still in use, detached or mounted elsewhere too');
  });

  test('so is a mount that is mounted elsewhere too', async ({ place, mounting, reports }) => {
    const mounted = await mounting(ram);
    const elsewhere = mkdtempSync(join(tmpdir(), 'estale-test-'));
    execFileSync('mount', ['--bind', place, elsewhere], { timeout: 20_000 });
    try {
      expect(await mounted.unmount()).toEqual({ reason: 'unmounted' });
      expect(reports.join()).toContain('still in use, detached or mounted elsewhere too');
      expect(() => statSync(elsewhere)).toThrow('ENOTCONN');
    } finally {
      execFileSync('umount', [elsewhere], { timeout: 20_000 });
      rmdirSync(elsewhere);
    }
  });

  test('a process exits though its mount was detached with a file in use', async ({ place, start }) => {
    const child = program(
      start,
      place,
      'process.once("SIGUSR2", () => process.exit(3)); writeFileSync(process.argv[1] + "/file", "x"); setInterval(() => {}, 1000);',
    );
    await until('the file is there', () => isMounted(place) && existsSync(join(place, 'file')));
    const user = start('sh', '-c', `exec sleep 60 < ${place}/file`);
    await until('the file is open', () => readlinkSync(`/proc/${user.pid}/fd/0`).startsWith(place));
    execFileSync('umount', ['-l', place], { timeout: 20_000 });
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGUSR2');
    expect(await exited).toBe(3);
  });

  test('an aborted connection is unmounted too', async ({ place, mounting }) => {
    const mounted = await mounting(ram);
    const busy = openSync(place, 'r');
    try {
      execFileSync('umount', ['-f', place], { timeout: 20_000, stdio: 'ignore' });
    } catch {
      // It is busy; the connection is aborted all the same.
    }
    expect(await mounted.closed).toEqual({ reason: 'aborted' });
    expect(isMounted(place)).toBe(false);
    expect(() => statSync(`/proc/self/fd/${busy}`)).toThrow(/ENOTCONN|ECONNABORTED/);
  });
});
