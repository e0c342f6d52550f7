import type { Choices, Labelled } from './choices.ts';
import type { VirtualClock } from './clock.ts';

/** Something that is ready to run: a process, the reader of the FUSE device, a timer. */
export interface Runnable extends Labelled {
  run(): void;
}

/**
 * What a step did. 'awaiting-promise': promise chains must be drained before the next step (a handler has answered with a
 * promise). 'awaiting-host': something outside the simulation must happen first.
 */
export type StepResult = 'ran' | 'idle' | 'awaiting-promise' | 'awaiting-host';

/** Runs what is ready, one event after the other, in the order that the choices decide; moves the clock when idle. */
export class Scheduler {
  readonly clock: VirtualClock;
  readonly choices: Choices;
  readonly #ready: Runnable[] = [];
  /** Set by whoever handed work to a promise; the driver drains promises and clears it. */
  promisesPending = false;

  constructor(clock: VirtualClock, choices: Choices) {
    this.clock = clock;
    this.choices = choices;
  }

  get readyCount(): number {
    return this.#ready.length;
  }

  /** Whether `runnable` and nothing else is ready. */
  isOnly(runnable: Runnable): boolean {
    return this.#ready.length === 1 && this.#ready[0] === runnable;
  }

  makeReady(runnable: Runnable): void {
    this.#ready.push(runnable);
  }

  /** Moves the clock; timers that come due become ready. */
  advance(nanoseconds: number): void {
    this.clock.advance(nanoseconds);
    if (this.clock.nextTimer <= this.clock.nanoseconds) this.#readyDueTimers();
  }

  /** Runs one event. Where nothing is ready and `mayWait`, time moves on to the next timer. */
  step(mayWait = true): StepResult {
    if (this.promisesPending) return 'awaiting-promise';
    if (this.#ready.length === 0) {
      const next = this.clock.nextTimer;
      if (!mayWait || next === Number.POSITIVE_INFINITY) return 'idle';
      this.clock.nanoseconds = Math.max(this.clock.nanoseconds, next);
      this.#readyDueTimers();
    }
    const ready = this.#ready;
    const index = ready.length > 1 && this.choices.armed ? this.choices.pick(ready) : 0;
    const runnable = index === 0 ? (ready.shift() as Runnable) : ready.splice(index, 1)[0];
    runnable.run();
    return 'ran';
  }

  /** Takes a runnable out without running it. */
  remove(runnable: Runnable): void {
    const index = this.#ready.indexOf(runnable);
    if (index >= 0) this.#ready.splice(index, 1);
  }

  #readyDueTimers(): void {
    for (let timer = this.clock.takeDue(); timer !== undefined; timer = this.clock.takeDue()) {
      const { label, callback, quiet } = timer;
      this.#ready.push({ label, run: quiet ? callback : () => this.#fire(callback) });
    }
  }

  #fire(callback: () => void): void {
    callback();
    this.promisesPending = true;
  }
}
