import type { FileSystemFactory, FileSystemOptions } from '../env/index.ts';
import type { Message } from '../fuse/message.ts';
import { Session } from '../fuse/session/index.ts';
import type { FileSystem } from '../vfs/index.ts';
import { type ChoiceOptions, Choices } from './choices.ts';
import { VirtualClock } from './clock.ts';
import type { SimEnvironment, SimEnvironmentParts } from './environment.ts';
import { SimKernel, type SimKernelOptions } from './kernel/sim-kernel.ts';
import { Scheduler } from './scheduler.ts';
import { Surroundings } from './surroundings.ts';

export interface SimulateOptions extends Omit<SimKernelOptions, 'globals' | 'report'>, ChoiceOptions {
  /** The filesystem's own options. */
  readonly filesystem?: FileSystemOptions;
  readonly environment?: SimEnvironmentParts;
  /** Milliseconds since 1970 at which virtual time starts (`Date.now()`, say); from 0 on. Default: 2025-01-01T00:00:01Z. */
  readonly startTime?: number;
  /** Takes what is wrong with the filesystem: one line, and the error where there was one. Default: console.error. */
  readonly report?: (problem: string, error?: unknown) => void;
}

/** A simulated kernel with one filesystem mounted, and what surrounds them. */
export interface Simulation {
  readonly kernel: SimKernel;
  readonly filesystem: FileSystem;
  readonly session: Session;
  readonly environment: SimEnvironment;
  readonly choices: Choices;
}

/** Makes a filesystem in simulated surroundings and mounts it in a simulated kernel; the seed decides everything. */
export function simulate(factory: FileSystemFactory, options: SimulateOptions = {}): SimKernel {
  return createSimulation(factory, options).kernel;
}

/** The same, with the parts in hand. */
export function createSimulation(factory: FileSystemFactory, options: SimulateOptions = {}): Simulation {
  const choices = new Choices(options);
  const clock = new VirtualClock(options.startTime);
  const scheduler = new Scheduler(clock, choices);
  const surroundings = new Surroundings(clock, choices.seed, options.environment);
  const { globals, environment } = surroundings;
  const filesystem = surroundings.inside(() => factory(environment, options.filesystem ?? {}));
  const report = options.report ?? ((problem, error) => console.error(problem, error ?? ''));
  const mount = options.mount ?? {};
  let session: Session | undefined;
  const connect = (send: (message: Message, length: number) => number): Session => {
    session = new Session(filesystem, {
      ...mount,
      send,
      report,
    });
    return session;
  };
  const kernel = new SimKernel(scheduler, connect, { ...options, report, globals });
  return { kernel, filesystem, session: session as unknown as Session, environment, choices };
}
