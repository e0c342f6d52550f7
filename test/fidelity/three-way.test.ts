import { describe, expect, test } from 'vitest';
import type { ResettableKernel } from '../../src/check/index.ts';
import { compareThreeWays } from '../../src/fidelity/index.ts';
import { ram } from '../../src/filesystems/index.ts';
import { simulate } from '../../src/sim/index.ts';
import { type Call, errno, type Kernel, type SysResult } from '../../src/vfs/index.ts';

/** Stands for the host: another simulated kernel, some of whose results are changed. */
function host(change: (call: Call, result: SysResult) => SysResult): ResettableKernel {
  let kernel: Kernel = simulate(ram, { traceHash: false });
  return {
    name: 'host',
    timeSlack: 0,
    spawn: (...given) => kernel.spawn(...given),
    call: (pid, call) => change(call, kernel.call(pid, call) as SysResult),
    now: () => kernel.now(),
    reset: () => {
      kernel = simulate(ram, { traceHash: false });
    },
    close: () => {},
  };
}

const agreements = (change: (call: Call, result: SysResult) => SysResult, programs = 200): string[] => {
  const { disagreements } = compareThreeWays(host(change), { seed: 1, programs });
  return [...new Set(disagreements.map(({ agree, call }) => `${agree}: ${/ (?:\w+ = )?(\w+)/.exec(call)?.[1]}`))];
};

describe('three judges', () => {
  test('agree where nothing is wrong', () => {
    expect(agreements((_, result) => result)).toEqual([]);
  });

  test('tell that it is the host which is wrong', () => {
    const wrong = (call: Call, result: SysResult): SysResult =>
      call.op === 'rmdir' && result === 0 ? -errno.EIO.errno : result;
    expect(agreements(wrong)).toEqual(['model and simulated: rmdir']);
  });

  test('tell that the kernels differ where the model allows both', () => {
    const other = (call: Call, result: SysResult): SysResult =>
      call.op === 'kill' && result === -errno.EINVAL.errno ? -errno.ESRCH.errno : result;
    expect(agreements(other, 2000)).toEqual(['each with the model: kill']);
  });
});
