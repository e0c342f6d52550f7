import type { FileSystemFactory, FileSystemOptions } from '../env/index.ts';
import type { Message } from '../fuse/message.ts';
import { Session } from '../fuse/session/index.ts';
import { errnoNumbers, type FileSystem } from '../vfs/index.ts';
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
  /**
   * The daemon dies and another takes its place, with a filesystem made anew. The kernel is not told, and whoever restarts it
   * gives the new one INIT.
   */
  restart(): void;
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
  const make = (): FileSystem => surroundings.inside(() => factory(environment, options.filesystem ?? {}));
  let filesystem = make();
  const report = options.report ?? ((problem, error) => console.error(problem, error ?? ''));
  const mount = options.mount ?? {};
  let toKernel: (message: Message, length: number) => number = () => errnoNumbers.ENODEV;
  let session: Session | undefined;
  const open = (): Session => {
    // A session whose daemon is no more says nothing.
    const opened: Session = new Session(filesystem, {
      ...mount,
      send: (message, length) => (opened === session ? toKernel(message, length) : errnoNumbers.ENODEV),
      report,
    });
    session = opened;
    return opened;
  };
  const connect = (send: typeof toKernel): Session => {
    toKernel = send;
    return open();
  };
  const kernel = new SimKernel(scheduler, connect, { ...options, report, globals });
  return {
    kernel,
    environment,
    choices,
    get filesystem() {
      return filesystem;
    },
    get session() {
      return session as Session;
    },
    restart() {
      filesystem = make();
      kernel.replaceServer(open());
    },
  };
}
