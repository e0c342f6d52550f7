import { execFileSync } from 'node:child_process';
import {
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test as plainTest, vi } from 'vitest';
import { nodeEnvironment } from '../../src/env/index.ts';
import { checkPlan, type Rule } from '../../src/fault/index.ts';
import { ram as ramFactory } from '../../src/filesystems/index.ts';
import { Exchanges, opcode } from '../../src/fuse/index.ts';
import { ServedFileSystem } from '../../src/sim/index.ts';
import { type ReplayReport, readTrace, replayTrace } from '../../src/trace/index.ts';
import { runCli, startCli } from '../support/cli.ts';
import { isMounted, until, watchersOf } from '../support/daemon-process.ts';
import { describeMounts, fixture, mountTest, ram } from '../support/mount.ts';
import { shellIn } from '../support/programs.ts';
import { readAll } from '../support/trace.ts';

const traces = new URL('../fixtures/traces/', import.meta.url);
const programs: Readonly<Record<string, string>> = JSON.parse(readFileSync(new URL('programs.json', traces), 'utf8'));

const test = mountTest.extend<{ file: string }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads which fixtures are used from the pattern
  file: async ({}, use) => {
    const directory = mkdtempSync(join(tmpdir(), 'estale-trace-'));
    await use(join(directory, 'test.trace'));
    rmSync(directory, { recursive: true });
  },
});

async function replayed(file: string | URL): Promise<ReplayReport> {
  const trace = await readTrace(createReadStream(file));
  const { session, started } = trace.header;
  const served = new ServedFileSystem(ramFactory, { session, started, report: (problem) => expect.fail(problem) });
  return replayTrace(trace, served);
}

/** What a trace file holds: opcodes of requests with and without a reply, and how it ends. */
async function summary(file: string) {
  const { messages, ending } = await readAll(readFileSync(file));
  const exchanges = new Exchanges();
  const answered: number[] = [];
  const threads = new Set<number>();
  for (const { fromKernel, message, length, thread } of messages) {
    const exchange = exchanges.next(fromKernel, message, length);
    if (exchange.kind === 'reply' && exchange.request !== undefined) answered.push(exchange.request.code);
    threads.add(thread);
  }
  return { count: messages.length, answered, threads, ending };
}

describe('traces that were recorded from real programs', () => {
  const names = readdirSync(traces).filter((name) => name.endsWith('.trace'));

  plainTest('are there for each program', () => {
    const expected = Object.keys(programs).map((name) => `${name}.trace`);
    expect(names.sort()).toEqual(expected.sort());
  });

  plainTest.for(names)('%s replays with no difference', async (name) => {
    const report = await replayed(new URL(name, traces));
    expect(report).toMatchObject({ difference: undefined, ending: { kind: 'complete' } });
    expect(report.compared).toBeGreaterThan(100);
  });
});

describeMounts('a recording', () => {
  for (const [name, script] of Object.entries(programs))
    test(`of ${name} on a ram mount replays with no difference`, async ({ place, mounting, file }) => {
      const mounted = await mounting(ram, { record: { file } });
      shellIn(place)(script);
      await mounted.unmount();
      expect(await mounted.recorded).toMatchObject({ kind: 'written' });
      const { requests, replies } = mounted.statistics();
      const report = await replayed(file);
      expect(report).toMatchObject({ difference: undefined, ending: { kind: 'complete' } });
      expect([report.requests, report.compared]).toEqual([requests, replies]);
    });

  test('of an asynchronous filesystem has every message, and replays', async ({ place, mounting, file }) => {
    const mounted = await mounting(fixture('slow'), { record: { file } });
    shellIn(place)(
      'for i in 1 2 3; do (mkdir -p $i/a/b && echo $i > $i/a/b/c && cat $i/a/b/c > /dev/null) & done; wait',
    );
    await mounted.unmount();
    const { count, answered } = await summary(file);
    expect(count).toBe(mounted.statistics().requests + mounted.statistics().replies);
    expect(answered.filter((code) => code === opcode.MKDIR)).toHaveLength(9);
    expect((await replayed(file)).difference).toBeUndefined();
  });

  test('of a filesystem object in this thread has every message', async ({ place, mounting, file }) => {
    const mounted = await mounting(ramFactory(nodeEnvironment(), {}), { record: { file } });
    await writeFile(join(place, 'a'), 'x'.repeat(100_000));
    expect(await readdir(place)).toEqual(['a']);
    await mounted.unmount();
    const { count, threads, ending } = await summary(file);
    expect(count).toBe(mounted.statistics().requests + mounted.statistics().replies);
    expect({ threads: threads.size, ending: ending?.kind }).toEqual({ threads: 1, ending: 'complete' });
    expect((await replayed(file)).difference).toBeUndefined();
  });

  test('waits for the file where it is slower than the mount, and loses nothing', async ({ place, mounting, file }) => {
    const mounted = await mounting(ram, { record: { file }, directIo: true });
    shellIn(place)(
      'dd if=/dev/urandom of=a bs=1M count=150 status=none && cmp a a && dd if=a of=/dev/null bs=4k status=none',
    );
    await mounted.unmount();
    const { requests, replies } = mounted.statistics();
    const report = await replayed(file);
    expect([report.requests, report.compared, report.difference]).toEqual([requests, replies, undefined]);
  });

  test('into a file that cannot take it is told, and the mount goes on', async ({ place, mounting, reports }) => {
    const mounted = await mounting(ram, { record: { file: '/dev/full', force: true } });
    writeFileSync(join(place, 'a'), 'x'.repeat(300_000));
    await until('the failure is told', () => reports.length > 0);
    expect(reports).toEqual([
      expect.stringMatching(/^\/dev\/full: recording has stopped, the trace ends early: ENOSPC/),
    ]);
    expect(readFileSync(join(place, 'a'), 'utf8')).toHaveLength(300_000);
    expect(await mounted.recorded).toMatchObject({ kind: 'failed' });
  });

  test('does not write over a file, and leaves none behind where nothing is mounted', async ({ mounting, file }) => {
    writeFileSync(file, 'mine');
    await expect(mounting(ram, { record: { file } })).rejects.toThrow(/test\.trace: there is a file already/);
    expect(readFileSync(file, 'utf8')).toBe('mine');
    rmSync(file);
    await expect(mounting(fixture('missing'), { record: { file } })).rejects.toThrow(/missing/);
    expect(existsSync(file)).toBe(false);
  });
});

const socketDaemon = fileURLToPath(new URL('../support/socket-daemon.js', import.meta.url));

describeMounts('a recording under faults', () => {
  const refused: Rule = {
    name: 'refused',
    where: 'link-request',
    when: { operation: 'MKDIR', path: '/no' },
    what: { kind: 'errno', errno: 'ENOSPC' },
  };
  const broken: Rule = {
    name: 'broken',
    where: 'filesystem',
    when: { operation: 'UNLINK' },
    what: { kind: 'errno', errno: 'EIO' },
    times: 1,
  };
  const slow: Rule = {
    name: 'slow',
    where: 'link-request',
    when: { operation: 'MKDIR' },
    what: { kind: 'delay', ms: 2 },
  };
  const script = 'cd "$0"; mkdir no; mkdir yes; echo x > yes/f; rm yes/f; rm yes/f; test ! -e yes/f';

  /** The rule of each fault in a trace, with the messages around it. */
  const struck = async (file: string) =>
    (await runCli(['trace', file])).stdout
      .split('\n')
      .flatMap((line, i, lines) => (/ !! /.test(line) ? [lines.slice(i - 1, i + 2)] : []))
      .map((lines) => lines.map((line) => line.replace(/^ *\S+ (..) (?:#\d+ )?(.*?)(?: node .*|, .*)?$/, '$1 $2')));
  const expected = [
    ['-> MKDIR', '!! fault "refused": errno ENOSPC at link-request', '<- MKDIR reply ENOSPC'],
    ['-> UNLINK', '!! fault "broken": errno EIO at filesystem', '<- UNLINK reply EIO'],
  ];

  for (const [name, source] of [
    ['a blocking loop', ram],
    ['an event loop', fixture('slow')],
  ] as const)
    test(`in ${name} has each where it struck, with its rule`, async ({ place, mounting, file }) => {
      const mounted = await mounting(source, { record: { file }, faults: checkPlan({ rules: [refused, broken] }) });
      execFileSync('sh', ['-c', script, place], { stdio: 'ignore', timeout: 20_000 });
      await mounted.unmount();
      expect(await struck(file)).toEqual(expected);
      expect(await replayed(file)).toMatchObject({
        difference: undefined,
        open: undefined,
        faults: 2,
        struck: 2,
        ending: { kind: 'complete' },
      });
    });

  test('of a filesystem object, too; what came late is replayed late', async ({ place, mounting, file }) => {
    const faults = checkPlan({ rules: [slow] });
    const mounted = await mounting(ramFactory(nodeEnvironment(), {}), { record: { file }, faults });
    await Promise.all(['a', 'b', 'c'].map((name) => mkdir(join(place, name))));
    await mounted.unmount();
    expect(await struck(file)).toHaveLength(3);
    expect(await replayed(file)).toMatchObject({ difference: undefined, open: undefined, faults: 3, struck: 0 });
  });

  test('of a foreign daemon has those on its link; estale record takes a plan, estale replay minds it', async ({
    place,
    file,
  }) => {
    const plan = join(dirname(file), 'plan.json');
    const never = { ...refused, name: 'never', when: { operation: 'SYMLINK' } };
    writeFileSync(plan, JSON.stringify({ rules: [refused, never] }));
    const daemon = `${process.execPath} ${socketDaemon} {fuse}`;
    const options = ['--daemon', daemon, place, '--faults', plan, '-v', '--to', file];
    const recorded = await runCli(['record', ...options, '--', 'sh', '-c', script, place]);
    expect(recorded.stderr).toMatch(
      /fault "refused": errno ENOSPC at link-request, MKDIR "\/no" [\s\S]*1 faults injected\nestale: rule "never": armed, never fired/,
    );
    expect(await struck(file)).toEqual(expected.slice(0, 1));
    const again = await runCli(['replay', file]);
    expect(again).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/ answers as recorded: .*; 1 fault in the recording: 1 reply not compared\n$/),
    });
    const json = (await runCli(['trace', file, '--json', '--op', 'MKDIR'])).stdout.trimEnd().split('\n');
    expect(json.map((line): unknown => JSON.parse(line))).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ kind: 'fault', fault: expect.objectContaining({ rule: 'refused', path: '/no' }) }),
      ]),
    );
  });

  test('that is killed has those up to there', async ({ place, file }) => {
    const plan = join(dirname(file), 'plan.json');
    writeFileSync(plan, JSON.stringify({ rules: [{ ...refused, when: { operation: 'MKDIR' } }] }));
    const options = ['ram', place, '--faults', plan, '--record', file];
    const { child, output, ended } = startCli(['mount', ...options]);
    await until('it is mounted', () => output().includes('is mounted on'));
    expect(() => mkdirSync(join(place, 'a'))).toThrow('ENOSPC');
    const faultsWritten = async () =>
      (await readAll(readFileSync(file))).records.filter(({ kind }) => kind === 'fault');
    await vi.waitFor(async () => expect(await faultsWritten()).toHaveLength(1), { timeout: 20_000 });
    child.kill('SIGKILL');
    await ended;
    await until('it is unmounted', () => !isMounted(place) && watchersOf(place).length === 0);
    expect(await faultsWritten()).toMatchObject([{ fault: { rule: 'refused', path: '/a' } }]);
    expect((await readAll(readFileSync(file))).ending?.kind).toBe('truncated');
  });
});

describeMounts('estale record', () => {
  const record = (place: string, file: string, ...command: string[]) =>
    runCli(['record', 'ram', place, '--to', file, '--', ...command]);

  test('runs the command, unmounts, and gives its exit code and streams', async ({ place, file }) => {
    const { code, stdout, stderr } = await record(place, file, 'sh', '-c', `echo hello; echo x > ${place}/a; exit 7`);
    expect({ code, stdout }).toEqual({ code: 7, stdout: 'hello\n' });
    expect(stderr).toMatch(/^estale: \d+ messages in \d+ bytes: .*test\.trace\n$/);
    expect(isMounted(place)).toBe(false);
    const again = await runCli(['replay', file]);
    expect(again.stdout).toMatch(/^ram answers as recorded: \d+ requests, \d+ replies and notifications\n$/);
    expect(again.code).toBe(0);
  });

  const ends: readonly (readonly [string, readonly string[], number])[] = [
    ['a command that is not there is 127', ['/nowhere/at/all'], 127],
    ['one that cannot be run is 126', ['/dev/null'], 126],
    ['one that a signal ends is 128 and its number', ['sh', '-c', 'kill -TERM $$'], 143],
  ];
  for (const [name, command, code] of ends)
    test(name, async ({ place, file }) => {
      expect((await record(place, file, ...command)).code).toBe(code);
      expect(isMounted(place)).toBe(false);
      expect((await summary(file)).ending?.kind).toBe('complete');
    });

  test('what cannot be mounted or recorded is 125', async ({ place, file }) => {
    const missing = await runCli(['record', 'ram', join(place, 'missing'), '--to', file, '--', 'true']);
    expect(missing).toMatchObject({ code: 125, stderr: expect.stringMatching(/missing/) });
    expect(existsSync(file)).toBe(false);
    const full = await runCli(['record', 'ram', place, '--to', '/dev/full', '--force', '--', 'true']);
    expect(full).toMatchObject({ code: 125, stderr: expect.stringMatching(/recording has stopped/) });
  });

  test('a file that is there stays, unless forced: exit code 2', async ({ place, file }) => {
    writeFileSync(file, 'mine');
    expect(await record(place, file, 'true')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/test\.trace: there is a file already; choose another name, or force it\n$/),
    });
    expect(readFileSync(file, 'utf8')).toBe('mine');
    expect((await runCli(['record', 'ram', place, '--to', file, '--force', '--', 'true'])).code).toBe(0);
    expect((await summary(file)).ending?.kind).toBe('complete');
  });

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    test(`${signal} reaches the command, and the trace is completed`, async ({ place, file }) => {
      const script = `trap 'echo got > ${place}/got; exit 9' INT TERM HUP; echo ready; while :; do sleep 0.05; done`;
      const { child, output, ended } = startCli(['record', 'ram', place, '--to', file, '--', 'sh', '-c', script]);
      await until('the command runs', () => output() === 'ready\n');
      child.kill(signal);
      expect((await ended).code).toBe(9);
      expect(isMounted(place)).toBe(false);
      const { answered, ending } = await summary(file);
      expect(answered).toContain(opcode.CREATE);
      expect(ending?.kind).toBe('complete');
    });

  test('what is killed leaves a trace that reads up to there', async ({ place, file }) => {
    const script = 'cd "$0"; echo x > a; while cat a > b && cat b > a; do :; done';
    const { child, ended } = startCli(['record', 'ram', place, '--to', file, '--', 'sh', '-c', script, place]);
    await until('something is recorded', () => existsSync(file) && readFileSync(file).length > 20_000);
    child.kill('SIGKILL');
    expect((await ended).code).toBe('SIGKILL');
    await until('it is unmounted', () => !isMounted(place) && watchersOf(place).length === 0);
    const { count, ending } = await summary(file);
    expect(ending).toEqual({ kind: 'truncated', messages: count });
    expect(count).toBeGreaterThan(100);
    const shown = await runCli(['trace', file, '--op', 'INIT']);
    expect(shown.stderr).toMatch(new RegExp(`: truncated after ${count} messages: the recorder was killed`));
    expect(shown.code).toBe(0);
    const again = await runCli(['replay', file]);
    expect(again.stdout).toMatch(/^ram answers as recorded/);
    expect(again).toMatchObject({ code: 0, stderr: shown.stderr });
  });
});

describeMounts('estale mount --record', () => {
  test('records a mount in use', async ({ place, file }) => {
    const { child, output, ended } = startCli(['mount', 'ram', place, '--record', file]);
    await until('it is mounted', () => output().includes('is mounted on'));
    writeFileSync(join(place, 'a'), 'hello');
    child.kill('SIGINT');
    expect((await ended).code).toBe(0);
    const { answered, ending } = await summary(file);
    expect(answered).toEqual(expect.arrayContaining([opcode.INIT, opcode.CREATE, opcode.WRITE]));
    expect(ending?.kind).toBe('complete');
  });
});
