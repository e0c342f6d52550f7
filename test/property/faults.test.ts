import { Random } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Draw, generateProgram, type Program, seededRandom } from '../../src/check/index.ts';
import { checkPlan, type FaultPlan } from '../../src/fault/index.ts';
import { type FaultySimulation, simulateFaults } from '../../src/fault/simulation.ts';
import { ram } from '../../src/filesystems/index.ts';
import { deferredRam } from '../sim/kernel/deferred-ram.ts';

const chance = { probability: 0.05 };

/** Every kind of fault that lets a program go on. */
const plan = (seed: number): FaultPlan => {
  const rules = [
    ...['link-request', 'link-reply', 'filesystem'].flatMap((where) => [
      { where, what: { kind: 'errno', errno: ['EIO', 'ENOSPC', 'ESTALE', 'EMFILE', 'EDQUOT'] } },
      { where, what: { kind: 'delay', ms: { exponential: 3 } } },
      { where, what: { kind: 'bit-flip' } },
      { where, what: { kind: 'short' } },
    ]),
    ...['link-request', 'filesystem'].flatMap((where) => [
      { where, what: { kind: 'torn' } },
      { where, what: { kind: 'misdirect' } },
      { where, what: { kind: 'stale', how: 'forgotten' } },
      { where, what: { kind: 'stale', how: 'handle' } },
      { where, what: { kind: 'stale', how: 'reused' } },
    ]),
    ...['link-request', 'link-reply'].flatMap((where) => [
      { where, what: { kind: 'reorder', window: 2, ms: 20 } },
      { where, what: { kind: 'duplicate', ms: 7 } },
    ]),
    { where: 'link-request', what: { kind: 'full-queue', ms: 5 } },
    { where: 'link-request', what: { kind: 'interrupt' } },
    { where: 'link-reply', what: { kind: 'wrong-length' } },
    { where: 'link-reply', what: { kind: 'lie', size: { add: 3 }, nlink: 0 } },
    { where: 'link-reply', what: { kind: 'stale', how: 'generation' } },
    { where: 'filesystem', what: { kind: 'lie', mode: { add: 1 } } },
    { where: 'filesystem', what: { kind: 'fsync-once' } },
    { where: 'page-cache', what: { kind: 'drop-dentries' } },
    { where: 'page-cache', what: { kind: 'drop-pages' } },
    { where: 'page-cache', what: { kind: 'keep-stale' } },
    { where: 'process', what: { kind: 'interrupt' } },
    { where: 'process', what: { kind: 'restart', memory: 'lost', ms: 3 }, times: 1 },
    { where: 'clock', what: { kind: 'jump', ms: -5000 } },
  ];
  return checkPlan({ seed, rules: rules.map((rule, i) => ({ name: `${i}`, when: chance, ...rule })) });
};

async function run(program: Program, sim: FaultySimulation): Promise<{ hash: string; injected: number }> {
  const { kernel } = sim;
  for (const { pid, umask, ...credentials } of program.processes) kernel.spawn(pid, credentials, umask);
  for (const { pid, call } of program.steps) if (kernel.isRunning(pid)) await kernel.call(pid, call);
  await kernel.close();
  return { hash: kernel.traceHash, injected: sim.injected.length };
}

describe.for([
  ['answers at once', ram],
  ['answers later', deferredRam(2)],
] as const)('generated programs under every fault, on a filesystem that %s', ([, factory]) => {
  const report = { report: () => {} };

  test('end, and do the same under the same seeds, and under the faults that were injected', async () => {
    let injected = 0;
    const kinds = new Set<string>();
    for (let seed = 1; seed <= 60; seed++) {
      const program = generateProgram(new Draw(new Random(seededRandom(5, seed))));
      const make = (only?: FaultySimulation['injected']) =>
        simulateFaults(factory, plan(seed), { ...report, seed, only });
      const sim = make();
      const first = await run(program, sim);
      expect(await run(program, make())).toEqual(first);
      expect(await run(program, make([...sim.injected]))).toEqual(first);
      injected += first.injected;
      for (const { kind } of sim.injected) kinds.add(kind);
    }
    expect(injected).toBeGreaterThan(1000);
    expect(kinds.size).toBeGreaterThan(15);
  });
});
