import type { FileSystemFactory, FileSystemOptions } from '../env/index.ts';
import type { Message } from '../fuse/message.ts';
import { Session } from '../fuse/session/index.ts';
import { errnoNumbers, type FileSystem } from '../vfs/index.ts';
import { type ChoiceOptions, Choices } from './choices.ts';
import { VirtualClock } from './clock.ts';
import type { SimEnvironment, SimEnvironmentParts } from './environment.ts';
import { SimKernel, type SimKernelOptions } from './kernel/sim-kernel.ts';
import { Scheduler } from './scheduler.ts';
import { sharedFileSystem } from './shared-filesystem.ts';
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

/** What stands between one client of a cluster and the filesystem. */
export type ClientOptions = Pick<SimKernelOptions, 'observe' | 'link'>;

export interface ClusterOptions extends Omit<SimulateOptions, keyof ClientOptions> {
  /** For each client, from 0 on. */
  readonly client?: (client: number, scheduler: Scheduler) => ClientOptions;
}

/** Several simulated kernels, each with a session of its own, on one filesystem, with one clock and one order of events. */
export interface Cluster {
  readonly kernels: readonly SimKernel[];
  readonly sessions: readonly Session[];
  readonly filesystem: FileSystem;
  readonly environment: SimEnvironment;
  readonly choices: Choices;
  readonly scheduler: Scheduler;
  /** As in a simulation of one kernel. */
  restart(): void;
}

/** Makes a filesystem in simulated surroundings and mounts it in a simulated kernel; the seed decides everything. */
export function simulate(factory: FileSystemFactory, options: SimulateOptions = {}): SimKernel {
  return createSimulation(factory, options).kernel;
}

/** The same, with the parts in hand. */
export function createSimulation(factory: FileSystemFactory, options: SimulateOptions = {}): Simulation {
  const cluster = createCluster(factory, 1, { ...options, client: () => options });
  return {
    kernel: cluster.kernels[0],
    environment: cluster.environment,
    choices: cluster.choices,
    get filesystem() {
      return cluster.filesystem;
    },
    get session() {
      return cluster.sessions[0];
    },
    restart: () => cluster.restart(),
  };
}

/**
 * Makes one filesystem and mounts it in several kernels, as clients of one server: what one does the others' caches may not
 * show. Notifications of the filesystem go to the first.
 */
export function createCluster(factory: FileSystemFactory, clients: number, options: ClusterOptions = {}): Cluster {
  const choices = new Choices(options);
  const clock = new VirtualClock(options.startTime);
  const scheduler = new Scheduler(clock, choices);
  const surroundings = new Surroundings(clock, choices.seed, options.environment);
  const { globals, environment } = surroundings;
  const make = (): FileSystem => surroundings.inside(() => factory(environment, options.filesystem ?? {}));
  const share = (): FileSystem => (clients === 1 ? filesystem : sharedFileSystem(filesystem, clients));
  let filesystem = make();
  let served = share();
  const report = options.report ?? ((problem, error) => console.error(problem, error ?? ''));
  const mount = options.mount ?? {};
  const toKernel: ((message: Message, length: number) => number)[] = [];
  const sessions: Session[] = [];
  const open = (client: number): Session => {
    // A session whose daemon is no more says nothing.
    const opened: Session = new Session(served, {
      ...mount,
      send: (message, length) =>
        opened === sessions[client] ? toKernel[client](message, length) : errnoNumbers.ENODEV,
      report,
    });
    sessions[client] = opened;
    return opened;
  };
  const kernels = Array.from({ length: clients }, (_, client) => {
    const connect = (send: (message: Message, length: number) => number): Session => {
      toKernel[client] = send;
      return open(client);
    };
    const name = client === 0 ? '' : `k${client}.`;
    const { observe, link } = options.client?.(client, scheduler) ?? {};
    return new SimKernel(scheduler, connect, { ...options, observe, link, name, report, globals });
  });
  return {
    kernels,
    sessions,
    environment,
    choices,
    scheduler,
    get filesystem() {
      return filesystem;
    },
    restart() {
      filesystem = make();
      served = share();
      for (const [client, kernel] of kernels.entries()) kernel.replaceServer(open(client));
    },
  };
}
