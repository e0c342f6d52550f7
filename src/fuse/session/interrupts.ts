import type { U64 } from '../../vfs/index.ts';

/** An INTERRUPT whose target is not here: it has been answered, or it comes yet. */
interface Early {
  /** The INTERRUPT's own unique. */
  readonly unique: U64;
  readonly target: U64;
}

const MOST = 256;

/**
 * Interrupts that came without their target. As in libfuse (check_interrupt, lib/fuse_lowlevel.c) one waits for the next
 * request: if that is the target, it starts out interrupted; otherwise the kernel is told EAGAIN, and asks again if the
 * target is still unanswered.
 */
export class EarlyInterrupts {
  readonly #waiting: Early[] = [];

  get empty(): boolean {
    return this.#waiting.length === 0;
  }

  /** False when too many wait already: the kernel is to be told EAGAIN at once. */
  add(unique: U64, target: U64): boolean {
    if (this.#waiting.length >= MOST) return false;
    this.#waiting.push({ unique, target });
    return true;
  }

  /** A request arrived: whether it is interrupted already, and which INTERRUPTs are to be answered EAGAIN. */
  arrive(unique: U64): { readonly interrupted: boolean; readonly again: readonly U64[] } {
    const waiting = this.#waiting.splice(0);
    const interrupted = waiting.some(({ target }) => target === unique);
    return { interrupted, again: waiting.filter(({ target }) => target !== unique).map((early) => early.unique) };
  }
}
