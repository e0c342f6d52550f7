import { expect, test } from 'vitest';
import { builtInTargets, parseScript, replay } from '../../src/check/index.ts';
import { tellingTarget } from '../../src/check/telling-target.ts';

test('calls side by side are told, and go side by side', async () => {
  const lines: string[] = [];
  const program = parseScript(`p1: uid 0, gid 0, umask 022
p2: uid 0, gid 0, umask 022
1  p1  stat("/a")
2 &p2  lstat("/b")`);
  const { failure } = await replay(
    tellingTarget(builtInTargets.ram(), (line) => lines.push(line)),
    program,
  );
  expect(failure).toBeUndefined();
  const calls = lines.map((line) => line.trim());
  const lookups = calls.filter((line) => line.includes('LOOKUP node'));
  expect(calls.filter((line) => /^p[12] /.test(line))).toEqual([
    'p1 &stat("/a")',
    'p2 &lstat("/b")',
    'p1 = ENOENT',
    'p2 = ENOENT',
  ]);
  expect(lookups).toHaveLength(2);
  // Both requests are out before either call has ended.
  expect(calls.indexOf(lookups[1])).toBeLessThan(calls.indexOf('p1 = ENOENT'));
});
