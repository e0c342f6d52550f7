import type { FileSystemFactory, FileSystemOptions } from '../env/index.ts';
import { LinkDescriber } from '../fuse/protocol/index.ts';
import type { ModelOptions } from '../model/index.ts';
import { type SimulateOptions, simulate } from '../sim/index.ts';
import type { Without } from './profile.ts';
import { oncePerProblem, reportOnStandardError } from './reporter.ts';
import type { Target } from './target.ts';
import { freshTarget } from './targets.ts';

export interface SimulatedTargetOptions {
  /** Options of the filesystem. */
  readonly options?: FileSystemOptions;
  /** Capabilities that it does not have. */
  readonly without?: Iterable<string>;
  readonly model?: ModelOptions;
  /** The simulated kernel's: mount options, seed, inline delivery and so on. */
  readonly simulation?: Omit<SimulateOptions, 'filesystem' | 'observe'>;
}

/**
 * A filesystem in the simulated kernel as a target: every call goes through the path walk, the caches and the FUSE
 * protocol. What the filesystem's code throws or answers wrongly is told once on standard error (or to
 * `simulation.report`), and the caller gets EIO.
 *
 * @example check(simulatedTarget('mine', myFactory), { runs: 1000 })
 */
export function simulatedTarget(
  name: string,
  factory: FileSystemFactory,
  { options, without = [], model, simulation }: SimulatedTargetOptions = {},
): Target {
  const report = oncePerProblem(simulation?.report ?? reportOnStandardError);
  const start: Target['start'] = (trace) => {
    const describe = trace && new LinkDescriber(trace);
    return simulate(factory, {
      traceHash: false,
      ...simulation,
      report,
      filesystem: options,
      observe: describe && ((fromKernel, message, length) => describe.message(fromKernel, message, length)),
    });
  };
  return freshTarget(start, { name, without: new Set(without) as Without, model });
}
