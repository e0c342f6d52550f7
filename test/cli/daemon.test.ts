import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { test as base, describe, expect } from 'vitest';
import { runCli, startCli } from '../support/cli.ts';

const socketDaemon = fileURLToPath(new URL('../support/socket-daemon.js', import.meta.url));
const daemon = (...flaws: string[]) => [process.execPath, socketDaemon, ...flaws, '{fuse}'].join(' ');

const test = base.extend<{ place: string }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads which fixtures are used from the pattern
  place: async ({}, use) => {
    const place = mkdtempSync(join(tmpdir(), 'estale-test-'));
    await use(place);
    rmSync(place, { recursive: true });
  },
});

/** The processes that run the test's daemon. */
const daemons = () =>
  readdirSync('/proc').filter((pid) => {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return words[1] === socketDaemon && words.includes('/dev/fd/3');
    } catch {
      return false;
    }
  });
const workshops = () => readdirSync(tmpdir()).filter((name) => name.startsWith('estale-daemon-'));

describe('estale with a foreign daemon', () => {
  test('checks it, saves what it finds with how it is started, and replays that', async ({ place }) => {
    const options = ['--runs', '2', '--seed', '4', '--without', 'times', '-o', 'allow_other'];
    const checked = await runCli(['check', '--daemon', daemon('dies=MKDIR'), ...options], place);
    expect(checked.stderr + checked.stdout).toMatch(/the daemon ends[\s\S]*shown again 5 of 5 times/);
    expect(checked.code).toBe(1);
    const [file] = readdirSync(join(place, 'counterexamples'));
    const saved = join('counterexamples', file);
    expect(JSON.parse(readFileSync(join(place, saved), 'utf8'))).toMatchObject({
      daemon: { command: daemon('dies=MKDIR'), options: 'allow_other' },
      reproduced: { times: 5, of: 5 },
    });
    const again = await runCli(['replay', saved, '-v'], place);
    expect(again.stdout).toMatch(/-> #\d+ MKDIR node 1[\s\S]*I do not like MKDIR[\s\S]* still fails\n$/);
    const mended = await runCli(['replay', saved, '--daemon', daemon()], place);
    expect(mended.stdout).toMatch(/ does not fail: /);
  });

  test('checks it under faults of its link, and finds nothing where it minds none', async ({ place }) => {
    const options = ['--faults', 'all', '--runs', '30', '--seed', '1', '--without', 'times', '-o', 'allow_other'];
    const { code, stdout, stderr } = await runCli(['check', '--daemon', daemon('keeps'), ...options], place);
    expect(stderr + stdout).toMatch(/nothing found in 30 programs[\s\S]*\n\d\d+ faults injected in \d\d programs/);
    expect(code).toBe(0);
  });

  test('finds what only a fault shows, and replays it with exactly that fault', async ({ place }) => {
    const plan = (name: string, path: string) => {
      const rule = { name, where: 'link-request', when: { operation: 'MKDIR', path }, what: { kind: 'duplicate' } };
      writeFileSync(join(place, `${name}.json`), JSON.stringify({ rules: [rule] }));
      return `./${name}.json`;
    };
    const faults = ['--faults', plan('twice', '/**')];
    const options = [...faults, '--runs', '2', '--seed', '4', '--without', 'times', '-o', 'allow_other'];
    const checked = await runCli(['check', '--daemon', daemon('once'), ...options], place);
    expect(checked.stderr + checked.stdout).toMatch(
      /the daemon ends\nfault in step \d+, at link-request MKDIR #1: duplicate[\s\S]*shown again 5 of 5 times/,
    );
    expect(checked.code).toBe(1);
    const saved = join('counterexamples', readdirSync(join(place, 'counterexamples'))[0]);
    const again = await runCli(['replay', saved, '-v'], place);
    expect(again.stdout).toMatch(/!! fault "twice": duplicate [\s\S]*I have done MKDIR already[\s\S]* still fails\n$/);
    const without = await runCli(['replay', saved, '--faults', plan('never', '/nowhere/*')], place);
    expect(without.stdout).toMatch(/rule "never": armed, never fired\n.* does not fail: /);
  });

  test('says which faults there are not in front of a daemon', async ({ place }) => {
    const refused = async (faults: string) =>
      (await runCli(['check', '--daemon', daemon(), '--faults', faults, '--runs', '1'], place)).stderr;
    expect(await refused('errno,clock')).toMatch(
      /--faults: expected classes of errno, .* in front of a daemon, given "clock"; the others need more than a link\n$/,
    );
    const rule = { name: 'full', where: 'filesystem', what: { kind: 'errno', errno: 'EIO' } };
    writeFileSync(join(place, 'plan.json'), JSON.stringify({ rules: [rule] }));
    expect(await refused('./plan.json')).toMatch(
      /rules\[0\]: "full": errno at filesystem is not possible in front of a daemon: the filesystem is another program; use the place "link-request" or "link-reply"\n$/,
    );
  });

  test('is left by no process and no directory at Ctrl-C, nor when it is killed', async ({ place }) => {
    const before = [daemons(), workshops()];
    for (const signal of ['SIGINT', 'SIGKILL'] as const) {
      const { child, ended } = startCli(['check', '--daemon', daemon(), '--time', '1m', '--seed', '1'], place);
      for (let i = 0; i < 500 && daemons().length === before[0].length; i++) await delay(20);
      expect(daemons().length).toBeGreaterThan(before[0].length);
      child.kill(signal);
      await ended;
      for (let i = 0; i < 250 && daemons().length > before[0].length; i++) await delay(20);
      expect(daemons()).toEqual(before[0]);
      if (signal === 'SIGINT') expect(workshops()).toEqual(before[1]);
    }
    for (const left of workshops()) if (!before[1].includes(left)) rmSync(join(tmpdir(), left), { recursive: true });
  });

  test.each([
    [['--daemon', 'sshfs host:'], /expected \{fuse\} where the mount point stands in the command, given sshfs host:$/],
    [['--daemon', '/no/such/daemon {fuse}'], /there is no program \/no\/such\/daemon$/],
    [['--daemon', 'x {fuse}', '--daemon-restart', 'often'], /expected always or needed, given "often"$/],
    [['--daemon', 'x {fuse}', '-o', 'entry_timeout=1'], /the daemon decides the rest by its own options$/],
    [['--daemon', 'x {fuse}', '-o', 'rw,nonsense'], /-o: unknown mount option "nonsense"/],
    [['--daemon', 'x {fuse}', 'ram'], /--daemon CMD and no target, given ram$/],
    [['ram', '--daemon-setup', 'x'], /--daemon-setup goes with --daemon$/],
    [['--daemon', 'x {fuse}', '--daemon-setup', 'exit 3'], /--daemon-setup: ended with status 3: exit 3$/],
  ])('says what is wrong with %j', async (args, message) => {
    const { code, stderr } = await runCli(['check', ...args]);
    expect([code, stderr.trim()]).toEqual([2, expect.stringMatching(message)]);
  });
});
