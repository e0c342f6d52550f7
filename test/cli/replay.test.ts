import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { counterexampleToText, parseScript } from '../../src/check/index.ts';
import { runCli } from '../support/cli.ts';
import { directoryTest } from '../support/work-directory.ts';

/** memfs removes a directory by the name `.` of it. */
const text = counterexampleToText({
  target: 'memfs',
  signature: 'rmdir (dot): expected EINVAL, got success',
  expected: 'EINVAL',
  actual: 'success',
  seed: 1,
  run: 0,
  program: parseScript('p1: uid 0, gid 0, umask 022\n1  p1  mkdir("/a", 0755)\n2  p1  rmdir("/a/.")'),
});

const test = directoryTest.extend<{ file: string }>({
  file: async ({ directory }, use) => {
    const file = join(directory, 'counterexample.json');
    writeFileSync(file, text);
    await use(file);
  },
});

describe('estale replay', () => {
  test('says that it still fails, with expected and actual: exit code 1', async ({ file }) => {
    const { code, stdout, stderr } = await runCli(['replay', file]);
    expect(stdout).toMatch(
      /rmdir \(dot\)[\s\S]*2 {2}p1 {2}rmdir\("\/a\/\."\)\n +expected: EINVAL\n +actual: +success\n/,
    );
    expect(stdout).toMatch(/\nmemfs still fails\n$/);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
  });

  test('on another target it says that it does not fail: exit code 0', async ({ file }) => {
    const { code, stdout } = await runCli(['replay', file, '--on', 'ram']);
    expect(stdout).toBe('ram does not fail: rmdir (dot): expected EINVAL, got success\n');
    expect(code).toBe(0);
  });

  test('-v shows the calls with their results', async ({ file }) => {
    const { stdout } = await runCli(['replay', file, '-v']);
    expect(stdout).toMatch(/^p1 {2}mkdir\("\/a", 0755\)\n +=.*\np1 {2}rmdir\("\/a\/\."\)\n +=/);
  });

  test.for(['ram', 'loopback:memfs'])('-v on %s shows the FUSE requests and replies', async (target, { file }) => {
    const { stdout } = await runCli(['replay', file, '-v', '--on', target]);
    const calls = stdout.slice(stdout.indexOf('p1  mkdir'));
    expect(calls).toMatch(/^p1 {2}mkdir\("\/a", 0755\)\n( +[-<][->] #\d+ .*\n)* +-> #\d+ MKDIR node 1 .*name="a"/);
    expect(calls).toMatch(/ <- #\d+ MKDIR reply .*nodeid=/);
    expect(calls).toMatch(/p1 {2}rmdir\("\/a\/\."\)\n( +[-<][->] #\d+ .*\n)* += EINVAL\n/);
    expect(calls).not.toContain('RMDIR');
  });

  test('-v --faults shows the faults where they strike, and rules that never did', async ({ directory, file }) => {
    const plan = join(directory, 'plan.yaml');
    const rules = [
      { name: 'full', where: 'link-request', when: { operation: 'MKDIR' }, what: { kind: 'errno', errno: 'ENOSPC' } },
      { name: 'idle', where: 'link-request', when: { path: '/z' }, what: { kind: 'drop' } },
    ];
    writeFileSync(plan, JSON.stringify({ rules }));
    const { code, stdout } = await runCli(['replay', file, '-v', '--on', 'ram', '--faults', plan]);
    expect(stdout).toMatch(
      /-> #(\d+) MKDIR .*\n +!! fault "full": errno ENOSPC at link-request, MKDIR "\/a" \(request \1\)\n.*<- #\1 MKDIR reply ENOSPC\n += ENOSPC\n/,
    );
    expect(stdout).toMatch(/\nrule "idle": armed, never fired\n/);
    // The full disk explains what the calls gave.
    expect(stdout).toMatch(/\nram does not fail: /);
    expect(code).toBe(0);
    const { stderr } = await runCli(['replay', file, '--faults', plan]);
    expect(stderr).toMatch(/--faults: expected a target in the simulated kernel .*, given "memfs"/);
  });

  test('an unknown target is told with the nearest name', async ({ file }) => {
    const { code, stderr } = await runCli(['replay', file, '--on', 'rma']);
    expect(stderr).toMatch(/^estale: unknown target "rma" \(did you mean "ram"\?\)/);
    expect(code).toBe(2);
  });

  const damaged: readonly (readonly [string, (file: string) => string, RegExp])[] = [
    ['no JSON', () => 'garbage', /counterexample\.json: expected JSON: /],
    ['another format', () => '{"format":"other"}', /file\.format: expected "estale counterexample", given "other"/],
    [
      'a later version',
      (file) => file.replace('"version": 1', '"version": 9'),
      /file\.version: expected 1 .*later version/,
    ],
    ['a call that is none', (file) => file.replace('"rmdir"', '"rmdri"'), /file\.program\..*rmdri/],
    [
      'a leak',
      (file) => file.replace('"rmdir (dot)', '"left behind: rmdir'),
      /given a leak; run its test again: ESTALE_REPLAY=/,
    ],
    ['an argument of a wrong type', (file) => file.replace('"/a/."', '7'), /file\.program\..*path.*given 7/],
  ];
  test.for(damaged)('a file with %s is told in one line: exit code 2', async ([, damage, message], { file }) => {
    const broken = damage(text);
    expect(broken).not.toBe(text);
    writeFileSync(file, broken);
    const { code, stdout, stderr } = await runCli(['replay', file]);
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });
});
