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

const globals = globalThis as unknown as Globals;
const math = Math as { random: unknown };
const performancePrototype = Object.getPrototypeOf(performance) as { now: unknown };
const RealDate = Date;

/**
 * Date, Math.random, timers and performance.now of a run: libraries read them, and inside a simulation they must be
 * virtual. Replaced between `enter` and `leave`, which nest. They run for every system call, and stores to globals that
 * are spelled out are ten times faster than stores in a loop.
 */
export class VirtualGlobals {
  readonly #virtual: Globals;
  readonly #random: () => number;
  readonly #performanceNow: () => number;
  readonly #saved: Globals & { random: unknown; now: unknown };
  #depth = 0;

  constructor(clock: VirtualClock, random: SeededRandom) {
    this.#random = () => random.fraction();
    this.#performanceNow = () => clock.nanoseconds / 1e6;
    this.#virtual = { Date: virtualDate(clock), ...virtualTimers(clock) };
    this.#saved = { ...this.#virtual, random: undefined, now: undefined };
  }

  enter(): void {
    this.#depth += 1;
    if (this.#depth > 1) return;
    const saved = this.#saved;
    const virtual = this.#virtual;
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
    math.random = this.#random;
    performancePrototype.now = this.#performanceNow;
  }

  leave(): void {
    this.#depth -= 1;
    if (this.#depth > 0) return;
    const saved = this.#saved;
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
}

function virtualDate(clock: VirtualClock): unknown {
  function VirtualDate(...parts: unknown[]): unknown {
    if (new.target === undefined) return new RealDate(clock.milliseconds()).toString();
    return Reflect.construct(RealDate, parts.length === 0 ? [clock.milliseconds()] : parts, new.target);
  }
  VirtualDate.prototype = RealDate.prototype;
  VirtualDate.now = () => clock.milliseconds();
  VirtualDate.parse = RealDate.parse;
  VirtualDate.UTC = RealDate.UTC;
  return VirtualDate;
}

type Callback = (...parameters: unknown[]) => void;

function virtualTimers(clock: VirtualClock): Omit<Globals, 'Date'> {
  const once = (callback: Callback, milliseconds = 1, ...parameters: unknown[]) => {
    const timer = new VirtualTimer();
    timer.cancel = clock.after(Math.max(1, milliseconds), () => callback(...parameters));
    return timer;
  };
  const repeatedly = (callback: Callback, milliseconds = 1, ...parameters: unknown[]) => {
    const timer = new VirtualTimer();
    const again = () => {
      timer.cancel = clock.after(Math.max(1, milliseconds), () => {
        again();
        callback(...parameters);
      });
    };
    again();
    return timer;
  };
  const immediate = (callback: Callback, ...parameters: unknown[]) => {
    const timer = new VirtualTimer();
    timer.cancel = clock.after(0, () => callback(...parameters));
    return timer;
  };
  // A timer that was made outside of the run is cleared by what was there before.
  const clear = (real: (timer: never) => void) => (timer: unknown) =>
    timer instanceof VirtualTimer ? timer.cancel() : real(timer as never);
  return {
    setTimeout: once,
    setInterval: repeatedly,
    setImmediate: immediate,
    clearTimeout: clear(clearTimeout),
    clearInterval: clear(clearInterval),
    clearImmediate: clear(clearImmediate),
  };
}
