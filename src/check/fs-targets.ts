import { VirtualClock } from '../sim/clock.ts';
import { SeededRandom } from '../sim/random.ts';
import { VirtualGlobals } from '../sim/virtual-globals.ts';
import type { Kernel } from '../vfs/index.ts';
import { FsKernel, type FsKernelOptions, memfsKernel } from './fs-kernel/index.ts';
import type { Without } from './profile.ts';
import type { Target } from './target.ts';
import { freshTarget } from './targets.ts';

/** Virtual nanoseconds between two calls: libraries stamp files in milliseconds, and each call should show. */
const TIME_PER_CALL = 1_000_000;

/** Bytes of the largest file: such objects keep a file in one piece of memory, with its holes. */
export const IN_MEMORY_FILE_SIZE = 2 ** 26;

/** memfs, directly: the library's own path walk and system calls. */
export function memfsTarget(): Target {
  return fsObjectTarget('memfs', memfsKernel, (kernel) => kernel.without);
}

/**
 * Any `node:fs`-shaped object as a target. `make` gives a fresh, empty one for each program.
 *
 * @example fsTarget('mine', () => createFs())
 */
export function fsTarget(name: string, make: () => unknown, without: Iterable<string> = []): Target {
  return fsObjectTarget(
    name,
    (options) => new FsKernel(make(), options),
    (kernel) => new Set([...kernel.without, ...without]) as Without,
  );
}

function fsObjectTarget(
  name: string,
  make: (options: FsKernelOptions) => FsKernel,
  without: (kernel: FsKernel) => Without,
): Target {
  const start = (): FsKernel => {
    const clock = new VirtualClock();
    const globals = new VirtualGlobals(clock, new SeededRandom(0));
    const batch = <T>(calls: () => T): T => {
      globals.enter();
      try {
        return calls();
      } finally {
        globals.leave();
      }
    };
    const wrap = <T>(use: () => T): T => {
      clock.advance(TIME_PER_CALL);
      return batch(use);
    };
    return wrap(() =>
      make({ name, clock: { now: () => clock.now() }, wrap, batch, fileSizeLimit: IN_MEMORY_FILE_SIZE }),
    );
  };
  const probe = start();
  const missing = without(probe);
  probe.close();
  return freshTarget((): Kernel => start(), { name, without: missing, model: { fileSizeLimit: IN_MEMORY_FILE_SIZE } });
}
