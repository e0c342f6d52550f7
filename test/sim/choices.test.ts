import { expect, test } from 'vitest';
import { Choices, Scheduler, VirtualClock } from '../../src/sim/index.ts';

/** The order in which the events of these labels run. */
function order(choices: Choices, labels: readonly string[]): string[] {
  const scheduler = new Scheduler(new VirtualClock(), choices);
  const ran: string[] = [];
  for (const label of labels) scheduler.makeReady({ label, run: () => ran.push(label) });
  while (scheduler.step() === 'ran');
  return ran;
}

const labels = ['a', 'b', 'c', 'd', 'e', 'f'];

test('first in, first out unless something else is asked for', () => {
  expect(order(new Choices({ seed: 5 }), labels)).toEqual(labels);
});

test('a draw belongs to its label: without one event the others keep their order', () => {
  const all = order(new Choices({ seed: 5, order: 'random' }), labels);
  expect(all).not.toEqual(labels);
  const fewer = order(
    new Choices({ seed: 5, order: 'random' }),
    labels.filter((label) => label !== 'c'),
  );
  expect(fewer).toEqual(all.filter((label) => label !== 'c'));
});

test('recorded deviations repeat the order; those that do not meet are without effect', () => {
  const random = new Choices({ seed: 5, order: 'random' });
  const drawn = order(random, labels);
  expect(order(new Choices({ deviations: random.deviations }), labels)).toEqual(drawn);
  expect(order(new Choices({ deviations: [{ at: 'a', run: 'gone' }] }), labels)).toEqual(labels);
});

test('idle time goes to the next timer, and not further', () => {
  const clock = new VirtualClock();
  const scheduler = new Scheduler(clock, new Choices());
  const fired: number[] = [];
  const start = clock.nanoseconds;
  clock.after(2, () => fired.push(2));
  clock.after(1, () => fired.push(1));
  clock.after(1, () => fired.push(1.5));
  expect(scheduler.step(false)).toBe('idle');
  while (scheduler.step() !== 'idle') scheduler.promisesPending = false;
  expect(fired).toEqual([1, 1.5, 2]);
  expect(clock.nanoseconds - start).toBe(2e6);
});
