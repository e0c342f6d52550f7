import 'estale/vitest';
import { check, simulatedTarget } from 'estale';
import { expect, test } from 'vitest';
import { firstDraft, LARGEST, without } from '../src/kv-filesystem.ts';

// The bug in the first draft of this filesystem stays found: these tests pass because the checks of it fail.

test('generated programs find the bug, and it is that one', async () => {
  const target = simulatedTarget('first draft', firstDraft, { without, fileSizeLimit: LARGEST });
  const { findings } = await check(target, { seed: 5, runs: 300 });
  expect(findings.length).toBeGreaterThan(0);
  for (const { signature } of findings) expect(signature).toContain('data in a hole wrong');
});

test('the counterexample that was saved fails on the first draft, and says why', async () => {
  const checked = expect(firstDraft).toRefinePosix({ name: 'kv', without, fileSizeLimit: LARGEST });
  await expect(checked).rejects.toThrow(`test/counterexamples/kv-ftruncate-then-read-data-in-a-hole-wrong.json fails
ftruncate, then read: data in a hole wrong
p1: uid 0, gid 0, umask 022
1  p1  fd3 = open("/a", O_RDWR|O_CREAT, 0755)
2  p1  write(fd3, pattern(0, 1))
3  p1  ftruncate(fd3, 0)
4  p1  ftruncate(fd3, 1)
5  p1  pread(fd3, 1, 0)
       expected: data 0x0 at 0
       actual:   data 0x61`);
});
