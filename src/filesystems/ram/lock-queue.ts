import { type Errno, errno, type U64 } from '../../vfs/index.ts';

interface Waiter {
  readonly owner: U64;
  /** Takes the lock if it is free now. */
  readonly attempt: () => boolean;
  /** Whose lock stands in the way now. */
  readonly blocker: () => U64 | undefined;
  readonly finish: (error?: Errno) => void;
}

/** Longest chain of waiting owners that is followed (MAX_DEADLK_ITERATIONS, fs/locks.c). */
const MAX_CHAIN = 10;

/** Who waits for locks, in the order of asking. */
export class LockQueue {
  readonly #waiters: Waiter[] = [];

  /** Waits until `attempt` succeeds; EINTR when the signal comes first. */
  wait(
    owner: U64,
    attempt: () => boolean,
    blocker: () => U64 | undefined,
    signal: AbortSignal,
  ): Promise<undefined | Errno> {
    if (signal.aborted) return Promise.resolve(errno.EINTR);
    return new Promise((resolve) => {
      const interrupt = (): void => this.#remove(waiter, errno.EINTR);
      const finish = (error?: Errno): void => {
        signal.removeEventListener('abort', interrupt);
        resolve(error);
      };
      const waiter: Waiter = { owner, attempt, blocker, finish };
      signal.addEventListener('abort', interrupt);
      this.#waiters.push(waiter);
    });
  }

  /** Some lock went: whoever can go on now does. */
  wake(): void {
    for (let i = 0; i < this.#waiters.length; ) {
      const waiter = this.#waiters[i];
      if (waiter.attempt()) {
        this.#remove(waiter);
        // A lock that was taken may be a weaker one than its owner had.
        i = 0;
      } else i += 1;
    }
  }

  /** Whether `owner`, were it to wait for `blocker`, would wait for itself. */
  wouldDeadlock(owner: U64, blocker: U64): boolean {
    let next: U64 | undefined = blocker;
    for (let i = 0; i < MAX_CHAIN && next !== undefined; i++) {
      if (next === owner) return true;
      next = this.#waiters.find((waiter) => waiter.owner === next)?.blocker();
    }
    return false;
  }

  /** Ends every wait. */
  close(): void {
    for (const waiter of this.#waiters.splice(0)) waiter.finish(errno.EINTR);
  }

  #remove(waiter: Waiter, error?: Errno): void {
    const at = this.#waiters.indexOf(waiter);
    if (at < 0) return;
    this.#waiters.splice(at, 1);
    waiter.finish(error);
  }
}
