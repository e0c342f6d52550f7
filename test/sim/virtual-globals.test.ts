import { expect, test } from 'vitest';
import { SeededRandom, VirtualClock, VirtualGlobals } from '../../src/sim/index.ts';

function globals() {
  const clock = new VirtualClock();
  return { clock, virtual: new VirtualGlobals(clock, new SeededRandom(1)) };
}

const real = { Date, setTimeout, random: Math.random, now: performance.now };

test('inside a run time and chance are virtual, outside they are what they were', () => {
  const { clock, virtual } = globals();
  const draws: number[] = [];
  virtual.enter();
  try {
    expect(Date.now()).toBe(clock.milliseconds());
    expect(new Date().toISOString()).toBe('2025-01-01T00:00:01.000Z');
    expect(new Date(0)).toBeInstanceOf(Date);
    expect(Date.UTC(2000, 0)).toBe(946684800000);
    expect(performance.now()).toBe(1000);
    draws.push(Math.random(), Math.random());
  } finally {
    virtual.leave();
  }
  expect({ Date, setTimeout, random: Math.random, now: performance.now }).toEqual(real);
  const again = globals().virtual;
  again.enter();
  const repeated = [Math.random(), Math.random()];
  again.leave();
  expect(repeated).toEqual(draws);
});

test('timers are virtual, in order, and can be cleared', () => {
  const { clock, virtual } = globals();
  const fired: string[] = [];
  virtual.enter();
  const cleared = setTimeout(() => fired.push('cleared'), 5);
  setTimeout((name: string) => fired.push(name), 10, 'late');
  setImmediate(() => fired.push('immediate'));
  const repeated = setInterval(() => fired.push('tick'), 4);
  clearTimeout(cleared);
  virtual.leave();
  for (let i = 0; i < 4; i++) {
    clock.nanoseconds = clock.nextTimer;
    clock.takeDue()?.callback();
  }
  expect(fired).toEqual(['immediate', 'tick', 'tick', 'late']);
  virtual.enter();
  clearInterval(repeated);
  virtual.leave();
  expect(clock.nextTimer).toBe(Number.POSITIVE_INFINITY);
});

test('runs nest, and an inner simulation has its own time', () => {
  const outer = globals();
  const inner = globals();
  inner.clock.advance(5e9);
  outer.virtual.enter();
  outer.virtual.enter();
  inner.virtual.enter();
  expect(Date.now() - outer.clock.milliseconds()).toBe(5000);
  inner.virtual.leave();
  outer.virtual.leave();
  expect(Date.now()).toBe(outer.clock.milliseconds());
  outer.virtual.leave();
  expect(Date).toBe(real.Date);
});

test('runs that leave in another order than they entered give the real globals back', () => {
  const first = globals();
  const second = globals();
  second.clock.advance(5e9);
  first.virtual.enter();
  second.virtual.enter();
  first.virtual.leave();
  expect(Date.now()).toBe(second.clock.milliseconds());
  second.virtual.leave();
  expect({ Date, setTimeout, random: Math.random, now: performance.now }).toEqual(real);
});
