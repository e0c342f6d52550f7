import type { VirtualClock } from './clock.ts';
import type { SeededRandom } from './random.ts';

/** A timer handle as Node has it: an object that also works as a number. */
class VirtualTimer {
  static #last = 0;
  readonly #id = ++VirtualTimer.#last;
  cancel: () => void = () => {};

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return true;
  }

  close(): this {
    this.cancel();
    return this;
  }

  [Symbol.toPrimitive](): number {
    return this.#id;
  }
}

/** What is replaced: these globals, Math.random and performance.now. */
interface Globals {
  Date: unknown;
  setTimeout: unknown;
  setInterval: unknown;
  setImmediate: unknown;
  clearTimeout: unknown;
  clearInterval: unknown;
  clearImmediate: unknown;
}

type Callback = (...parameters: unknown[]) => void;

const globals = globalThis as unknown as Globals;
const math = Math as { random: unknown };
const performancePrototype = Object.getPrototypeOf(performance) as { now: unknown };
const RealDate = Date;

/** The runs that are inside, the innermost last; what is replaced reads the time of that one. */
const inside: VirtualGlobals[] = [];
let current: VirtualGlobals;

/**
 * Date, Math.random, timers and performance.now of a run: libraries read them, and inside a simulation they must be
 * virtual. Replaced between `enter` and `leave`, which nest.
 */
export class VirtualGlobals {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;

  constructor(clock: VirtualClock, random: SeededRandom) {
    this.clock = clock;
    this.random = random;
  }

  enter(): void {
    if (inside.length === 0) install();
    inside.push(this);
    current = this;
  }

  /** Runs that wait for promises may leave in any order. */
  leave(): void {
    if (current === this) inside.pop();
    else inside.splice(inside.lastIndexOf(this), 1);
    if (inside.length === 0) restore();
    else current = inside[inside.length - 1];
  }
}

function VirtualDate(...parts: unknown[]): unknown {
  const now = current.clock.milliseconds();
  if (new.target === undefined) return new RealDate(now).toString();
  if (parts.length === 0 && new.target === VirtualDate) return new RealDate(now);
  return Reflect.construct(RealDate, parts.length === 0 ? [now] : parts, new.target);
}
VirtualDate.prototype = RealDate.prototype;
VirtualDate.now = () => current.clock.milliseconds();
VirtualDate.parse = RealDate.parse;
VirtualDate.UTC = RealDate.UTC;

function once(callback: Callback, milliseconds = 1, ...parameters: unknown[]): VirtualTimer {
  const timer = new VirtualTimer();
  timer.cancel = current.clock.after(Math.max(1, milliseconds), () => callback(...parameters));
  return timer;
}

function repeatedly(callback: Callback, milliseconds = 1, ...parameters: unknown[]): VirtualTimer {
  const timer = new VirtualTimer();
  const { clock } = current;
  const again = () => {
    timer.cancel = clock.after(Math.max(1, milliseconds), () => {
      again();
      callback(...parameters);
    });
  };
  again();
  return timer;
}

function immediate(callback: Callback, ...parameters: unknown[]): VirtualTimer {
  const timer = new VirtualTimer();
  timer.cancel = current.clock.after(0, () => callback(...parameters));
  return timer;
}

/** A timer that was made outside of the run is cleared by what was there before. */
const clear = (name: 'clearTimeout' | 'clearInterval' | 'clearImmediate') => (timer: unknown) =>
  timer instanceof VirtualTimer ? timer.cancel() : (saved[name] as (timer: unknown) => void)(timer);

const virtual: Globals = {
  Date: VirtualDate,
  setTimeout: once,
  setInterval: repeatedly,
  setImmediate: immediate,
  clearTimeout: clear('clearTimeout'),
  clearInterval: clear('clearInterval'),
  clearImmediate: clear('clearImmediate'),
};
const virtualRandom = (): number => current.random.fraction();
const virtualNow = (): number => current.clock.nanoseconds / 1e6;

const saved: Globals & { random: unknown; now: unknown } = { ...virtual, random: undefined, now: undefined };

// These may run for every system call, and stores to globals that are spelled out are ten times faster than in a loop.

function install(): void {
  saved.Date = globals.Date;
  saved.setTimeout = globals.setTimeout;
  saved.setInterval = globals.setInterval;
  saved.setImmediate = globals.setImmediate;
  saved.clearTimeout = globals.clearTimeout;
  saved.clearInterval = globals.clearInterval;
  saved.clearImmediate = globals.clearImmediate;
  saved.random = math.random;
  saved.now = performancePrototype.now;
  globals.Date = virtual.Date;
  globals.setTimeout = virtual.setTimeout;
  globals.setInterval = virtual.setInterval;
  globals.setImmediate = virtual.setImmediate;
  globals.clearTimeout = virtual.clearTimeout;
  globals.clearInterval = virtual.clearInterval;
  globals.clearImmediate = virtual.clearImmediate;
  math.random = virtualRandom;
  performancePrototype.now = virtualNow;
}

function restore(): void {
  globals.Date = saved.Date;
  globals.setTimeout = saved.setTimeout;
  globals.setInterval = saved.setInterval;
  globals.setImmediate = saved.setImmediate;
  globals.clearTimeout = saved.clearTimeout;
  globals.clearInterval = saved.clearInterval;
  globals.clearImmediate = saved.clearImmediate;
  math.random = saved.random;
  performancePrototype.now = saved.now;
}
