import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { hostKernel } from '../../src/check/host-kernel/index.ts';
import { showScript } from '../../src/check/index.ts';
import { compareThreeWays, type Disagreement } from '../../src/fidelity/index.ts';

const able = process.platform === 'linux' && process.getuid?.() === 0;
const wanted = process.env.CI === 'true' || able;
if (!wanted) test.skip('the model, the simulated and the host kernel: skipped, it needs Linux and root');

const sysctl = '/proc/sys/fs/protected_hardlinks';
const model = { protectedHardlinks: existsSync(sysctl) && readFileSync(sysctl, 'utf8').trim() === '1' };

const told = ({ agree, program, simulated, host, model: expected }: Disagreement): string =>
  `${agree} agree:\n${showScript(program)}\nsimulated: ${simulated}\nhost: ${host}\nmodel: ${expected}`;

describe.runIf(wanted)('the model, ram in the simulated kernel and tmpfs in the real one agree', () => {
  /** tmpfs lists an entry twice when the one listed next is renamed (docs/checking.md). */
  const isKnown = ({ agree, model: expected }: Disagreement): boolean =>
    agree === 'model and simulated' && expected === 'entries once';

  test('on every call of generated programs', () => {
    const host = hostKernel({ filesystem: 'tmpfs' });
    try {
      const { calls, disagreements } = compareThreeWays(host, { seed: 3, programs: 2000, model });
      expect(disagreements.filter((found) => !isKnown(found)).map(told)).toEqual([]);
      expect(calls).toBeGreaterThan(30_000);
    } finally {
      host.close();
    }
  });
});
