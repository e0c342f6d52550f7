import type { ModelOptions } from '../model/index.ts';
import type { Kernel } from '../vfs/index.ts';
import type { Without } from './profile.ts';
import type { Target } from './target.ts';

/** A kernel that can be emptied for the next program, which is cheaper than another one. */
export interface ResettableKernel extends Kernel {
  /** What it is not to be asked for. */
  readonly without?: Without;
  reset(): void | Promise<void>;
  /** Whether `reset` has failed: what a program made cannot be removed. */
  isSpent?(): boolean;
}

/** What a target says of itself besides its kernels. */
export interface TargetTraits {
  readonly name?: string;
  readonly without?: Without;
  readonly model?: ModelOptions;
}

/** A target whose programs share one kernel that is emptied in between; `close` gives it back at the end. */
export interface ReusingTarget extends Target {
  close(): void | Promise<void>;
}

const nothing: Without = new Set();

/** A target of real system calls, or of anything else that is reset rather than made anew. */
export function reusingTarget(kernel: ResettableKernel, traits: TargetTraits = {}): ReusingTarget {
  const shared: Kernel = {
    name: kernel.name,
    timeSlack: kernel.timeSlack,
    spawn: (pid, credentials, umask) => kernel.spawn(pid, credentials, umask),
    call: (pid, call) => kernel.call(pid, call),
    now: () => kernel.now(),
    close: () => kernel.reset(),
  };
  return {
    name: traits.name ?? kernel.name,
    without: traits.without ?? kernel.without ?? nothing,
    model: traits.model,
    concurrencyClass: 'recorded',
    start: () => shared,
    isSpent: kernel.isSpent && (() => kernel.isSpent?.() ?? false),
    close: () => kernel.close(),
  };
}

/** A target that makes a kernel for each program: in-process filesystems, whose runs repeat exactly. */
export function freshTarget(start: Target['start'], traits: TargetTraits & { readonly name: string }): Target {
  return {
    name: traits.name,
    without: traits.without ?? nothing,
    model: traits.model,
    concurrencyClass: 'deterministic',
    start,
  };
}
