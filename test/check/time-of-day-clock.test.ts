import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { TimeOfDayClock } from '../../src/check/time-of-day-clock.ts';

test('what the simulated kernel stamps is no later than what a filesystem of the host stamps behind it', () => {
  const directory = mkdtempSync(join(tmpdir(), 'estale-test-'));
  const clock = new TimeOfDayClock();
  const late: bigint[] = [];
  for (let i = 0; i < 200; i++) {
    const path = join(directory, `${i}`);
    const { sec, nsec } = clock.now();
    writeFileSync(path, '');
    const behind = BigInt(sec) * 1_000_000_000n + BigInt(nsec) - statSync(path, { bigint: true }).ctimeNs;
    if (behind > 0n) late.push(behind);
  }
  rmSync(directory, { recursive: true });
  expect(late).toEqual([]);
});
