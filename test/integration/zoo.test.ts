import { expect, test } from 'vitest';
import { type Bug, bugs, hunt, isCaught } from '../../src/zoo/index.ts';
import { runCli } from '../support/cli.ts';

const named = (name: string): Bug => bugs.find((bug) => bug.name === name) as Bug;
const quick = { seeds: 1, budget: 20_000, processes: 2 };

test('a bug on each host is found by the default check, by calls one after the other and side by side, and by power failures', async () => {
  const chosen = [
    'rmdir-full-directory',
    'loopback-umask',
    'session-utime-nanoseconds',
    'sticky-bit',
    'reply-to-oldest',
    'journal-fsyncdir-ignored',
  ];
  const results = await hunt(chosen.map(named), quick);
  expect(results.map(({ bug, problems }) => [bug.name, problems])).toEqual(chosen.map((name) => [name, []]));
  expect(results.every(isCaught)).toBe(true);
});

test('what is no bug is not found, and what else is found does not count', async () => {
  const harmless = { ...named('rename-ctime'), after: 'moved.ctime = now; moved.ctime = now;' };
  const other = { ...named('rename-ctime'), shows: /rename: mtime/ };
  const [first, second] = await hunt([harmless, other], { ...quick, budget: 3000 });
  expect([first.found, first.problems]).toEqual([0, ['seed 1: not found']]);
  expect([second.found, second.problems]).toEqual([0, ['seed 1: not found, but rename: ctime not updated']]);
});

test('a bug that ends the process, or is not where it should be, is told and does not end the hunt', async () => {
  const deadly = { ...named('rename-ctime'), after: "process.kill(process.pid, 'SIGTERM');" };
  const elsewhere = { ...named('rename-ctime'), before: 'nowhere();' };
  const results = await hunt([deadly, elsewhere], quick);
  expect(results[0].problems[0]).toBe('seed 1: ended with SIGTERM');
  expect(results[1].problems[0]).toContain(
    'filesystems/ram/rename.ts: expected exactly once, found nowhere: nowhere();',
  );
});

test('a process that loops without end is ended', async () => {
  const endless = { ...named('rename-ctime'), after: 'for (;;);' };
  const [{ found, problems }] = await hunt([endless], { ...quick, silence: 3000 });
  expect([found, problems]).toEqual([0, ['seed 1: no word for 3 s']]);
});

test('estale zoo prints the table, and its exit code tells whether all were found', async () => {
  const found = await runCli(['zoo', 'rmdir-full-directory', '--seeds', '1']);
  expect(found.stdout).toMatch(/^rmdir-full-directory +ram +1\/1 /m);
  expect(found.stdout).toContain('1 of 1 bugs found');
  expect(found.code).toBe(0);
  const missed = await runCli(['zoo', 'copy-range-adjacent', '--seeds', '1', '--budget', '1ms', '--json']);
  expect(JSON.parse(missed.stdout)).toMatchObject([{ name: 'copy-range-adjacent', caught: false, found: 0, seeds: 1 }]);
  expect(missed.code).toBe(1);
});

test('the hosts without bugs show nothing', async () => {
  const { stdout, code } = await runCli(['zoo', '--unmodified', '30000']);
  expect(stdout.match(/nothing found/g)).toHaveLength(6);
  expect(stdout.match(/generated programs: no promise broken/g)).toHaveLength(2);
  expect(code).toBe(0);
});
