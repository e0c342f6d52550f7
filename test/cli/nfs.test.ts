import { expect, test } from 'vitest';
import { runCli } from '../support/cli.ts';

test('nfs list tells every row, and which does not run', { timeout: 60_000 }, async () => {
  const { code, stdout } = await runCli(['nfs', 'list']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^ {2}1 {2}remote-unlink +a file that another client removes/);
  expect(stdout).toMatch(/39 {2}blind-watch .*\(does not run: /);
});

test('nfs run tells the story, the symptom, and the same with the remedy', { timeout: 60_000 }, async () => {
  const { code, stdout } = await runCli(['nfs', 'run', 'lost-unstable-write']);
  expect(code).toBe(0);
  const parts = [
    'a -> server  WRITE offset 0 count 8 stable UNSTABLE of "f"',
    '!! the server loses power',
    'fsync(fd3) = 0',
    'seen by the program: fsync: 0, file: ""',
    'the same with the remedy: the client compares the verifier, and writes again',
    'seen by the program: fsync: 0, file: "precious"',
    'the failure comes, and with the remedy it does not',
  ];
  let at = 0;
  for (const part of parts) {
    at = stdout.indexOf(part, at);
    expect(at, part).toBeGreaterThan(0);
  }
});

test('nfs run all --json has every scenario, with another seed too', { timeout: 60_000 }, async () => {
  const { code, stdout } = await runCli(['nfs', 'run', 'all', '--json', '--seed', '7']);
  const results = JSON.parse(stdout) as { verdict: { kind: string }; failing: { seen: unknown; digest: string } }[];
  expect([code, results.length]).toEqual([0, 40]);
  expect(new Set(results.map(({ verdict }) => verdict.kind))).toEqual(new Set(['shown']));
});

test('nfs run --random finds and shrinks', { timeout: 60_000 }, async () => {
  const { code, stdout } = await runCli(['nfs', 'run', 'negative-lookup', '--random']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/call 3: ENOENT\n {4}with the remedy \(lookupcache=positive\)/);
});

test.each([
  [['nfs'], ''],
  [['nfs', 'lst'], 'no command "lst" (did you mean "list"?)'],
  [['nfs', 'run'], 'expected the id of a failure, or all'],
  [['nfs', 'run', 'remote-unlnk'], 'no failure "remote-unlnk" (did you mean "remote-unlink"?)'],
  [['nfs', 'run', 'hard-hang', '--random'], 'there are no random programs for "hard-hang"'],
  [['nfs', 'run', 'all', '--time', '3s'], '--time goes with --random'],
  [['nfs', 'slab', '--files', '0'], '--files: expected a whole number from 1'],
])('%j is a usage error', { timeout: 60_000 }, async (args, message) => {
  const { code, stderr } = await runCli(args);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
});
