import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { hostKernel } from '../../src/check/host-kernel/index.ts';
import { check, memfsTarget, replay, reusingTarget, showFinding } from '../../src/check/index.ts';

const able = process.platform === 'linux' && process.getuid?.() === 0;
const wanted = process.env.CI === 'true' || able;
if (!wanted) console.log('skipped: memfs against tmpfs: it needs Linux and root');

const sysctl = '/proc/sys/fs/protected_hardlinks';
const model = { protectedHardlinks: existsSync(sysctl) && readFileSync(sysctl, 'utf8').trim() === '1' };

test.runIf(wanted)('what is found in memfs is confirmed by tmpfs, in at least 25 kinds', async () => {
  const report = await check(memfsTarget(), { seed: 1, runs: 150, shrinkRuns: 300 });
  expect(report.findings.length).toBeGreaterThanOrEqual(60);
  const target = reusingTarget(hostKernel({ filesystem: 'tmpfs' }), { model });
  const contradicted: string[] = [];
  const confirmed = new Set<string | undefined>();
  try {
    for (const finding of report.findings) {
      // To its end, final look at the tree included: tmpfs gives what the model expects where memfs does not.
      const { failure } = await replay(target, finding.program);
      if (failure === undefined) confirmed.add(finding.kind);
      else contradicted.push(`${showFinding(finding)}\n       tmpfs:    ${failure.divergence.actual}`);
    }
  } finally {
    await target.close();
  }
  expect(contradicted).toEqual([]);
  expect(confirmed.size, [...confirmed].join('\n')).toBeGreaterThanOrEqual(25);
});
