import type { Operation } from './operation.ts';
import type { Process } from './process.ts';

interface Waiter {
  readonly task: Process;
  readonly write: boolean;
}

/**
 * struct rw_semaphore (kernel/locking/rwsem.c): many readers or one writer, first come first served. Sleepers are not
 * interrupted by signals.
 */
export class RwSemaphore {
  #readers = 0;
  #writer = false;
  #waiters: Waiter[] | undefined;

  /** Takes it if that needs no waiting. */
  tryDown(write: boolean): boolean {
    if (this.#writer || (write && this.#readers > 0) || (this.#waiters !== undefined && this.#waiters.length > 0))
      return false;
    if (write) this.#writer = true;
    else this.#readers += 1;
    return true;
  }

  /** Waits for it; to be called where `tryDown` has failed. */
  *wait(task: Process, write: boolean, what: string): Operation<void> {
    this.#waiters ??= [];
    this.#waiters.push({ task, write });
    task.sleep(what);
    yield;
  }

  /** Gives it back; who comes next owns it before it runs. */
  up(write: boolean): void {
    if (write) this.#writer = false;
    else this.#readers -= 1;
    const waiters = this.#waiters;
    while (waiters !== undefined && waiters.length > 0) {
      const next = waiters[0];
      if (this.#writer || (next.write && this.#readers > 0)) return;
      waiters.shift();
      if (next.write) this.#writer = true;
      else this.#readers += 1;
      next.task.wake();
    }
  }
}
