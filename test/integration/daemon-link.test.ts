import { closeSync, readdirSync, readSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { DaemonKernel } from '../../src/check/daemon/kernel.ts';
import {
  check,
  type DaemonTargetOptions,
  daemonTarget,
  parseScript,
  type ReusingTarget,
  replay,
  showFinding,
} from '../../src/check/index.ts';
import { KernelFailure } from '../../src/check/kernel-failure.ts';
import { Message } from '../../src/fuse/index.ts';
import { SocketConnection } from '../../src/fuse/socket/connection.ts';
import { DaemonSource, SocketServer } from '../../src/fuse/socket/index.ts';
import { SLICE, socketPair } from '../../src/fuse/socket/socket-pair.ts';
import { Choices, Scheduler, SimKernel, VirtualClock } from '../../src/sim/index.ts';
import { type Call, O_CREAT, O_RDWR, root } from '../../src/vfs/index.ts';

const socketDaemon = fileURLToPath(new URL('../support/socket-daemon.js', import.meta.url));
const command = (...flaws: string[]) => [process.execPath, socketDaemon, ...flaws, '{fuse}'].join(' ');

/** The ram filesystem of another process, with its flaws; its clock is Node's, which follows the host's from afar. */
const open: (ReusingTarget | DaemonSource)[] = [];
function target(flaws: string[], options: Partial<DaemonTargetOptions> = {}): ReusingTarget {
  const made = daemonTarget(command(...flaws), {
    directory: '/',
    allowOther: true,
    patience: 2000,
    without: ['times'],
    ...options,
  });
  open.push(made);
  return made;
}

afterEach(async () => {
  for (const made of open.splice(0)) await made.close();
  expect(readdirSync(tmpdir()).filter((name) => name.startsWith('estale-daemon-'))).toEqual([]);
});

const reports: string[] = [];
const report = (problem: string) => void reports.push(problem);

describe('a socket link', () => {
  test('keeps messages apart, puts pieces together, and ends', () => {
    const { ours, theirs } = socketPair();
    const connection = new SocketConnection(ours);
    try {
      expect(connection.read()).toBe('nothing');
      const reply = new Message(1 << 20);
      reply.words.set([1000, 0, 8, 0]);
      writeSync(theirs, reply.bytes, 0, 1000);
      writeSync(theirs, reply.bytes, 0, 600);
      writeSync(theirs, reply.bytes, 600, 400);
      expect([connection.read(), connection.read(), connection.read()]).toEqual([1000, 1000, 'nothing']);
      reply.words[0] = 1 << 20;
      writeSync(theirs, reply.bytes);
      expect(connection.read()).toBe(1 << 20);
      expect(connection.write(reply, 64)).toBe(true);
      expect(readSync(theirs, new Uint8Array(128))).toBe(64);
    } finally {
      closeSync(theirs);
    }
    expect([connection.read(), connection.write(new Message(64), 64)]).toEqual(['closed', 'closed']);
    closeSync(ours);
  });

  test('says that there is no room, instead of waiting for ever', () => {
    const { ours, theirs } = socketPair();
    const connection = new SocketConnection(ours);
    const message = new Message(1 << 20);
    let written = 0;
    while (connection.write(message, 1 << 20) === true) written++;
    expect(written).toBeGreaterThan(0);
    expect(SLICE).toBeGreaterThan(0);
    closeSync(ours);
    closeSync(theirs);
  });
});

describe('a daemon that is another process', () => {
  test('is checked as if it were in this one', async () => {
    const { findings, calls } = await check(target([], { report }), { seed: 1, runs: 12 });
    expect({ findings, reports: reports.splice(0) }).toEqual({ findings: [], reports: [] });
    expect(calls).toBeGreaterThan(200);
  });

  test('goes on for many programs where it may, emptied in between', async () => {
    const { findings, calls } = await check(target(['notifies'], { restart: 'needed', report }), {
      seed: 2,
      runs: 200,
    });
    expect({ findings, reports: reports.splice(0) }).toEqual({ findings: [], reports: [] });
    expect(calls).toBeGreaterThan(5000);
  });

  test('may send replies in pieces', async () => {
    const { findings } = await check(target(['splits'], { report }), { seed: 3, runs: 5 });
    expect({ findings, reports: reports.splice(0) }).toEqual({ findings: [], reports: [] });
  });

  const program = parseScript('p1: uid 0, gid 0, umask 022\np1 symlink("a", "/b")');
  const actualOf = async (made: ReusingTarget) => (await replay(made, program)).failure?.divergence.actual;

  test('that ends is a finding, with how it ended and its last words', async () => {
    expect(await actualOf(target(['dies=SYMLINK']))).toMatch(
      /^the daemon ended during SYMLINK of node 1 \(unique \d+\): it ended with exit code 7; its last words:\n {2}I do not like SYMLINK$/,
    );
  });

  test('that crashes is a finding, with the signal', async () => {
    expect(await actualOf(target(['crashes=SYMLINK']))).toMatch(/during SYMLINK .*: it died of SIGSEGV$/);
  });

  test('that does not answer is a finding, with the request', async () => {
    expect(await actualOf(target(['silent=SYMLINK'], { patience: 300 }))).toMatch(
      /^the daemon does not answer SYMLINK of node 1 .* within 0.3 s$/,
    );
  });

  test('is run again to tell how often a finding shows', async () => {
    const { findings } = await check(target(['dies=MKDIR']), { seed: 6, runs: 1, shrinkRuns: 5 });
    expect(findings.map(({ signature, reproduced }) => [signature.replace(/.*: /, ''), reproduced])).toEqual([
      ['the daemon ends', { times: 5, of: 5 }],
    ]);
    expect(showFinding(findings[0])).toMatch(/\nshown again 5 of 5 times$/);
  });

  test('that cannot be run, or speaks no FUSE, is an error with what it said', async () => {
    const start = async (line: string) => daemonTargetError(line);
    await expect(start('no-such-program {fuse}')).resolves.toMatch(
      /does not speak FUSE here; .*docs\/daemons\.md\.\nwith \/dev\/fd\/3 as its mount point: .*could not be run \(spawn no-such-program ENOENT\)/,
    );
    const said = await start(`${process.execPath} -e 'console.error(process.argv[1]);process.exit(3)' {fuse}`);
    expect(said).toMatch(/it ended with exit code 3; its last words:\n {2}\/dev\/fd\/3\nwith -o auto_unmount/);
  });
});

async function daemonTargetError(line: string): Promise<string> {
  const made = daemonTarget(line, { directory: '/' });
  open.push(made);
  try {
    await made.start();
    return 'it started';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

describe('locks that the daemon keeps', () => {
  const lock = (type: 'write' | 'unlock', wait: boolean): Call => ({
    ...{ op: 'setlk', fd: 3, type, whence: 0, start: 0, size: 1, wait },
  });

  async function locking(): Promise<SimKernel> {
    const source = new DaemonSource({ command: command('locks') }, '/');
    open.push(source);
    const daemon = await source.start();
    const scheduler = new Scheduler(new VirtualClock(), new Choices({}));
    const kernel = new SimKernel(scheduler, (send) => new SocketServer(daemon.fd, { patience: 5000, send }), {
      report,
    });
    for (const pid of [1, 2]) {
      kernel.spawn(pid, root);
      kernel.call(pid, { op: 'open', path: '/f', flags: O_CREAT | O_RDWR, mode: 0o644, into: 3 });
    }
    return kernel;
  }

  test('are waited for while others go on, and come when they are free', async () => {
    const kernel = await locking();
    expect(await kernel.call(1, lock('write', true))).toBe(0);
    const waiting = kernel.submit(2, lock('write', true));
    await kernel.run();
    expect(waiting.result).toBeUndefined();
    expect(await kernel.call(1, { op: 'stat', path: '/' })).toMatchObject({ uid: 0 });
    expect(await kernel.call(1, lock('unlock', false))).toBe(0);
    await kernel.run();
    expect(waiting.result).toBe(0);
    await kernel.close();
  });

  test('are given up by a signal', async () => {
    const kernel = await locking();
    await kernel.call(1, lock('write', true));
    const waiting = kernel.submit(2, lock('write', true));
    await kernel.run();
    kernel.interrupt(2);
    await kernel.run();
    expect(waiting.result).toBe(-4);
    await kernel.close();
  });
});

test('a kernel whose daemon died is given back all the same', async () => {
  const made = target(['dies=MKDIR']);
  const kernel = await made.start();
  expect(kernel).toBeInstanceOf(DaemonKernel);
  kernel.spawn(1, root);
  await expect(kernel.call(1, { op: 'mkdir', path: '/d', mode: 0o755 })).rejects.toBeInstanceOf(KernelFailure);
  await kernel.close();
  const next = await made.start();
  next.spawn(1, root);
  expect(await next.call(1, { op: 'stat', path: '/' })).toMatchObject({ nlink: 2 });
  await next.close();
});
