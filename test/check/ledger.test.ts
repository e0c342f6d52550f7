import { describe, expect, test } from 'vitest';
import { check, parseScript, replay, simulatedTarget } from '../../src/check/index.ts';
import { ram } from '../../src/filesystems/index.ts';
import { opcodes } from '../../src/fuse/protocol/index.ts';
import { createSimulation, type LinkHook } from '../../src/sim/index.ts';
import { O_CREAT, O_RDWR, root } from '../../src/vfs/index.ts';

/** A link that loses requests of some kinds. */
const losing = (...names: readonly (keyof typeof opcodes)[]): LinkHook => {
  const codes = new Set<number>(names.map((name) => opcodes[name].code));
  return {
    armed: false,
    request: (message, length, deliver) => {
      if (!codes.has(message.words[1])) deliver(message, length);
    },
    reply: (message, length, deliver) => deliver(message, length),
  };
};

const target = (link: LinkHook) => simulatedTarget('lossy', ram, { simulation: { link, mount: { entryTimeout: 1 } } });

describe('what is not given back is a finding of its own kind, with the request that took it', () => {
  test('references that were not forgotten', async () => {
    const { findings } = await check(target(losing('FORGET', 'BATCH_FORGET')), { seed: 1, runs: 10 });
    expect(findings.map(({ signature }) => signature)).toEqual(['leak: references are left when everything has ended']);
    expect(findings[0].kind).toBe(findings[0].signature);
    expect(findings[0].actual).toMatch(
      /^node \d+: the kernel holds 0 references, the filesystem believes \d+ \(taken by request \d+, [A-Z]+ ".*" of p\d+\)/,
    );
    expect(findings[0].program.steps.length).toBeLessThan(3);
  });

  test('handles whose release was never answered', async () => {
    const { findings } = await check(target(losing('RELEASE')), { seed: 1, runs: 10 });
    expect(findings.map(({ signature }) => signature)).toContain('leak: requests are left when everything has ended');
    expect(findings[0].actual).toMatch(/RELEASE of node \d+ \(unique \d+\) is not answered/);
  });
});

test('the root, which LOOKUP of ".." gives too, is not left behind', async () => {
  const program = parseScript(`
    p1: uid 0, gid 0, umask 022
    p1 mkdir("/d", 0755)
    p1 handle0 = name_to_handle_at("/d", 0)
    p1 drop_caches(2)
    p1 fd3 = open_by_handle_at(handle0, O_RDONLY)`);
  const { failure } = await replay(simulatedTarget('ram', ram, { simulation: { mount: {} } }), program);
  expect(failure).toBeUndefined();
});

test('when everything has ended nothing is left in the kernel', () => {
  const { kernel } = createSimulation(ram, { mount: { entryTimeout: 1000, attributeTimeout: 1000 } });
  kernel.spawn(1, root);
  kernel.call(1, { op: 'mkdir', path: '/d', mode: 0o755 });
  kernel.call(1, { op: 'open', path: '/d/a', flags: O_RDWR | O_CREAT, mode: 0o644 });
  kernel.call(1, { op: 'mmap', fd: 3, offset: 0, size: 4096, protection: 3, flags: 1 });
  kernel.call(1, { op: 'chdir', path: '/d' });
  expect(kernel.retire()).toEqual({ references: [], handles: 0, requests: [] });
  expect(kernel.isRunning(1)).toBe(false);
  kernel.close();
});
