import { describe, expect, test } from 'vitest';
import {
  builtInTargets,
  check,
  counterexampleFromText,
  counterexampleToText,
  type FaultClass,
  faultClasses,
  replay,
  showFinding,
  type Target,
} from '../../../src/check/index.ts';
import { checkPlan } from '../../../src/fault/index.ts';
import type { Call, Kernel, SysResult } from '../../../src/vfs/index.ts';

/** Of ram nothing is ever synced but by the link, and only the first time. */
const rare: readonly FaultClass[] = ['fsync'];

describe('no class of faults brings out a difference on ram', () => {
  test.each(faultClasses.filter((name) => !rare.includes(name)))('%s', async (name) => {
    const { findings, faults } = await check(builtInTargets.ram(), { seed: 5, runs: 60, faults: { classes: [name] } });
    expect(findings.map(showFinding)).toEqual([]);
    expect(faults?.injected).toBeGreaterThan(0);
  });

  test('nor do all of them together, on a filesystem that answers late', async () => {
    const { findings } = await check(builtInTargets['ram:late'](), {
      seed: 6,
      runs: 60,
      faults: { classes: faultClasses },
    });
    expect(findings.map(showFinding)).toEqual([]);
  });
});

/** A kernel that gave so many errors of a kind, and then says that there is no root. */
function afterErrors(count: number): Target {
  const ram = builtInTargets.ram();
  const started = new WeakMap<Kernel, Kernel>();
  const start: Target['start'] = (trace, settings, faults) => {
    const kernel = ram.start(trace, settings, faults) as Kernel;
    let errors = 0;
    const call = (pid: number, it: Call): SysResult => {
      if (errors >= count && it.op === 'lstat' && it.path === '/') return -2;
      const result = kernel.call(pid, it) as SysResult;
      if (result === -117) errors += 1;
      return result;
    };
    const wrapped: Kernel = {
      name: kernel.name,
      timeSlack: kernel.timeSlack,
      spawn: (pid, credentials, umask) => kernel.spawn(pid, credentials, umask),
      call,
      now: () => kernel.now(),
      close: () => kernel.close(),
    };
    started.set(wrapped, kernel);
    return wrapped;
  };
  return { ...ram, start, leaks: undefined, faultsOf: (kernel) => ram.faultsOf?.(started.get(kernel) ?? kernel) };
}

describe('a finding under faults', () => {
  const plan = checkPlan({
    seed: 3,
    rules: [
      { name: 'sometimes', where: 'link-request', when: { probability: 0.2 }, what: { kind: 'errno', errno: 'EIO' } },
      {
        name: 'seldom',
        where: 'link-request',
        when: { operation: ['MKDIR', 'LOOKUP', 'CREATE'], probability: 0.2 },
        what: { kind: 'errno', errno: 'EUCLEAN' },
      },
    ],
  });
  const target = afterErrors(2);

  test('has as few calls and faults as it takes, and each of them is necessary', async () => {
    const { findings } = await check(target, { seed: 1, runs: 40, faults: { plan } });
    const finding = findings.find(({ actual }) => actual === 'ENOENT');
    if (finding?.conditions?.faults?.only === undefined) throw new Error('expected a finding that needs faults');
    const { only } = finding.conditions.faults;
    expect(only.map(({ rule }) => rule)).toEqual(['seldom', 'seldom']);
    expect(finding.program.steps.length).toBeLessThanOrEqual(3);
    expect((await replay(target, finding.program, finding.conditions)).failure?.divergence.actual).toBe('ENOENT');
    for (const [i] of only.entries()) {
      const faults = { ...finding.conditions.faults, only: only.toSpliced(i, 1) };
      expect((await replay(target, finding.program, { ...finding.conditions, faults })).failure).toBeUndefined();
    }
  });

  test('is a file that fails again without what made it', async () => {
    const { findings } = await check(target, { seed: 1, runs: 40, faults: { plan } });
    const text = counterexampleToText({ target: 'ram', ...findings[0] });
    const { program, conditions, actual } = counterexampleFromText(text);
    expect((await replay(target, program, conditions)).failure?.divergence.actual).toBe(actual);
  });
});

test('rules that never struck are told', async () => {
  const rules = [
    { name: 'never', where: 'link-request', when: { path: '/no/such/**' }, what: { kind: 'errno', errno: 'EIO' } },
  ];
  const { faults } = await check(builtInTargets.ram(), { runs: 3, faults: { plan: checkPlan({ rules }) } });
  expect(faults).toMatchObject({ injected: 0, programs: 0, rules: [{ rule: 'never', matched: 0, injected: 0 }] });
});
