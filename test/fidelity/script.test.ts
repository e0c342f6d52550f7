import { expect, test } from 'vitest';
import { corpus, readScript } from '../../src/fidelity/index.ts';
import { within } from '../../src/fidelity/script.ts';

const order = (line: string): string => {
  const [step] = readScript('s', line).steps.map((read) => within(read, '/7'));
  if (step.kind !== 'call' || step.call.op !== 'setxattr') throw new Error('expected an order');
  return Buffer.from(step.call.value as Uint8Array).toString();
};

test('every script of the corpus can be read, and has a name of its own', () => {
  const names = corpus.flatMap(({ scripts }) => Object.keys(scripts));
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBeGreaterThanOrEqual(150);
  for (const { scripts } of corpus)
    for (const [name, text] of Object.entries(scripts)) expect(readScript(name, text).steps.length).toBeGreaterThan(1);
});

test('paths, targets of links and orders are moved into the directory of the script', () => {
  const moved = readScript('s', 'p1 symlink("/a", "/l")\np1 stat("b")\np1 stat("/")').steps.map((step) =>
    within(step, '/7'),
  );
  expect(moved).toMatchObject([
    { call: { target: '/7/a', path: '/7/l' } },
    { call: { path: 'b' } },
    { call: { path: '/7' } },
  ]);
  expect(order('daemon rename /a /b')).toBe('rename /7/a /7/b');
});

test('a line that means nothing is told with its script and number', () => {
  expect(() => readScript('mine', 'p1 stat("/a")\np1 sta("/a")')).toThrow(/script "mine", line 2: .*a system call/);
});
