import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { hostKernel } from '../../src/check/host-kernel/index.ts';
import { check, memfsTarget, replay, reusingTarget, showFinding } from '../../src/check/index.ts';

const able = process.platform === 'linux' && process.getuid?.() === 0;
const wanted = process.env.CI === 'true' || able;
if (!wanted) console.log('skipped: memfs against tmpfs: it needs Linux and root');

const sysctl = '/proc/sys/fs/protected_hardlinks';
const model = { protectedHardlinks: existsSync(sysctl) && readFileSync(sysctl, 'utf8').trim() === '1' };

const families: Readonly<Record<string, string>> = {
  pread: 'read',
  readv: 'read',
  pwrite: 'write',
  writev: 'write',
  lstat: 'stat',
  fstat: 'stat',
  lchown: 'chown',
  fchown: 'chown',
  futimens: 'utimensat',
};

/**
 * What a divergence is at heart, coarser than its signature: the call it shows at, what is expected and what came. A time
 * stamp is one whichever call left it wrong, and so is a refusal that Linux does not know (memfs has no superuser).
 */
function kindOf(signature: string): string {
  const plain = signature.replace(/ \([^)]*\)/g, '');
  const at = plain.indexOf(': ');
  const difference = plain.slice(at + 2);
  if (/^[acm]time /.test(difference)) return difference;
  if (difference.endsWith('got EACCES')) return 'got EACCES';
  const call = plain.slice(0, at).split(', then ').at(-1) ?? '';
  return `${families[call] ?? call}: ${difference}`;
}

test.runIf(wanted)('what is found in memfs is confirmed by tmpfs, in at least 25 kinds', async () => {
  const report = await check(memfsTarget(), { seed: 1, runs: 150, shrinkRuns: 300 });
  expect(report.findings.length).toBeGreaterThanOrEqual(60);
  const target = reusingTarget(hostKernel({ filesystem: 'tmpfs' }), { model });
  const contradicted: string[] = [];
  const confirmed = new Set<string>();
  try {
    for (const finding of report.findings) {
      // To its end, final look at the tree included: tmpfs gives what the model expects where memfs does not.
      const { failure } = await replay(target, finding.program);
      if (failure === undefined) confirmed.add(kindOf(finding.signature));
      else contradicted.push(`${showFinding(finding)}\n       tmpfs:    ${failure.divergence.actual}`);
    }
  } finally {
    await target.close();
  }
  expect(contradicted).toEqual([]);
  expect([...confirmed].sort().length, [...confirmed].join('\n')).toBeGreaterThanOrEqual(25);
});
