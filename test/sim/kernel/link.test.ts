import { expect, test } from 'vitest';
import { Message } from '../../../src/fuse/message.ts';
import { opcodes } from '../../../src/fuse/protocol/index.ts';
import type { LinkHook } from '../../../src/sim/index.ts';
import { traced } from './trace.ts';

test('a hook on the link can hold requests back, and the call waits until they are delivered', () => {
  const held: (() => void)[] = [];
  const hook: LinkHook = {
    armed: true,
    request(message, length, deliver) {
      if (message.words[1] !== opcodes.STATFS.code) return deliver(message, length);
      const copy = new Message(length);
      copy.bytes.set(message.bytes.subarray(0, length));
      held.push(() => deliver(copy, length));
    },
    reply: (message, length, deliver) => deliver(message, length),
  };
  const sim = traced({ link: hook });
  const statfs = sim.kernel.submit(1, { op: 'statfs', path: '/' });
  for (let i = 0; i < 8; i++) {
    if (sim.kernel.step() === 'awaiting-promise') sim.kernel.scheduler.promisesPending = false;
  }
  expect(statfs.done).toBe(false);
  expect(held).toHaveLength(1);
  held[0]();
  sim.kernel.run();
  expect(statfs.result).toMatchObject({ namelen: 255 });
});

test('a reply that is malformed or that nobody waits for is refused as the kernel refuses it', () => {
  const problems: string[] = [];
  let cut = true;
  const hook: LinkHook = {
    armed: false,
    request: (message, length, deliver) => deliver(message, length),
    reply(message, length, deliver) {
      if (length <= 100 || !cut) return deliver(message, length);
      cut = false;
      const short = new Message(length - 8);
      short.bytes.set(message.bytes.subarray(0, length - 8));
      short.words[0] = length - 8;
      const refused = deliver(short, length - 8);
      return refused === 22 ? deliver(message, length) : refused;
    },
  };
  const sim = traced({ link: hook, report: (problem) => problems.push(problem) });
  expect(sim.call({ op: 'stat', path: '/' })).toBe('EIO');
  expect(problems.join('\n')).toMatch(/GETATTR of node 1 .* with 96 bytes of results, expected 104/);
  expect(problems.join('\n')).toMatch(/which nobody waits for/);
});
