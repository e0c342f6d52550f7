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

type Replaced = Record<string, unknown>;

const globals = globalThis as unknown as Replaced & { performance: Replaced; Math: Replaced };
const RealDate = Date;

/**
 * Date, Math.random, timers and performance.now of a run: libraries read them, and inside a simulation they must be
 * virtual. Replaced between `enter` and `leave`, which nest.
 */
export class VirtualGlobals {
  readonly #replacements: Replaced;
  readonly #random: () => number;
  readonly #performanceNow: () => number;
  #saved: Replaced = {};
  #savedRandom: unknown;
  #savedNow: unknown;
  #depth = 0;

  constructor(clock: VirtualClock, random: SeededRandom) {
    this.#random = () => random.fraction();
    this.#performanceNow = () => clock.nanoseconds / 1e6;
    this.#replacements = { Date: virtualDate(clock), ...virtualTimers(clock) };
  }

  enter(): void {
    this.#depth += 1;
    if (this.#depth > 1) return;
    const saved: Replaced = {};
    for (const name in this.#replacements) {
      saved[name] = globals[name];
      globals[name] = this.#replacements[name];
    }
    this.#saved = saved;
    this.#savedRandom = globals.Math.random;
    globals.Math.random = this.#random;
    // It is a method of the prototype; another simulation around this one has put its own here.
    this.#savedNow = Object.hasOwn(globals.performance, 'now') ? globals.performance.now : undefined;
    globals.performance.now = this.#performanceNow;
  }

  leave(): void {
    this.#depth -= 1;
    if (this.#depth > 0) return;
    for (const name in this.#saved) globals[name] = this.#saved[name];
    globals.Math.random = this.#savedRandom;
    if (this.#savedNow === undefined) delete globals.performance.now;
    else globals.performance.now = this.#savedNow;
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

function virtualTimers(clock: VirtualClock): Replaced {
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
