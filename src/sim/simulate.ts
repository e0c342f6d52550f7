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
  /** Each kernel mounts a filesystem of its own, made by the factory in the one environment: clients of one server. */
  readonly separate?: boolean;
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
  return new OneKernel(new Kernels(factory, 1, options, () => options));
}

/**
 * Makes one filesystem and mounts it in several kernels, as clients of one server: what one does the others' caches may not
 * show. Notifications of the filesystem go to the first.
 */
export function createCluster(factory: FileSystemFactory, clients: number, options: ClusterOptions = {}): Cluster {
  return new Kernels(factory, clients, options, options.client);
}

/** Its parts are its own properties: it is taken apart, and put into something larger. */
class OneKernel implements Simulation {
  readonly kernel: SimKernel;
  readonly environment: SimEnvironment;
  readonly choices: Choices;
  filesystem: FileSystem;
  session: Session;
  readonly restart: () => void;

  constructor(cluster: Cluster) {
    this.kernel = cluster.kernels[0];
    this.environment = cluster.environment;
    this.choices = cluster.choices;
    this.filesystem = cluster.filesystem;
    this.session = cluster.sessions[0];
    this.restart = () => {
      cluster.restart();
      this.filesystem = cluster.filesystem;
      this.session = cluster.sessions[0];
    };
  }
}

type Send = (message: Message, length: number) => number;

/** Made anew for each program that is checked: hence a class, whose instances are cheap. */
class Kernels implements Cluster {
  readonly kernels: SimKernel[] = [];
  readonly sessions: Session[] = [];
  readonly environment: SimEnvironment;
  readonly choices: Choices;
  readonly scheduler: Scheduler;
  readonly #surroundings: Surroundings;
  readonly #factory: FileSystemFactory;
  readonly #options: ClusterOptions;
  readonly #report: (problem: string, error?: unknown) => void;
  readonly #toKernel: Send[] = [];
  #filesystem: FileSystem;
  readonly #served: FileSystem[] = [];

  constructor(
    factory: FileSystemFactory,
    clients: number,
    options: Omit<ClusterOptions, 'client'>,
    clientOptions: ClusterOptions['client'],
  ) {
    this.#factory = factory;
    this.#options = options;
    this.#report = options.report ?? ((problem, error) => console.error(problem, error ?? ''));
    this.choices = new Choices(options);
    const clock = new VirtualClock(options.startTime);
    this.scheduler = new Scheduler(clock, this.choices);
    this.#surroundings = new Surroundings(clock, this.choices.seed, options.environment);
    const { globals, environment } = this.#surroundings;
    this.environment = environment;
    this.#filesystem = this.#make();
    this.#share(clients);
    for (let client = 0; client < clients; client++) {
      const { observe, link } = clientOptions?.(client, this.scheduler) ?? {};
      const connect = (send: Send): Session => {
        this.#toKernel[client] = send;
        return this.#open(client);
      };
      const name = client === 0 ? '' : `k${client}.`;
      const given = { ...options, observe, link, name, report: this.#report, globals };
      this.kernels.push(new SimKernel(this.scheduler, connect, given));
    }
  }

  get filesystem(): FileSystem {
    return this.#filesystem;
  }

  restart(): void {
    this.#filesystem = this.#make();
    this.#share(this.kernels.length);
    for (const [client, kernel] of this.kernels.entries()) kernel.replaceServer(this.#open(client));
  }

  #make(): FileSystem {
    return this.#surroundings.inside(() => this.#factory(this.environment, this.#options.filesystem ?? {}));
  }

  /** What each kernel gets. */
  #share(clients: number): void {
    const first = this.#filesystem;
    const shared = clients === 1 || this.#options.separate ? first : sharedFileSystem(first, clients);
    for (let client = 0; client < clients; client++)
      this.#served[client] = this.#options.separate && client > 0 ? this.#make() : shared;
  }

  #open(client: number): Session {
    // A session whose daemon is no more says nothing.
    const opened: Session = new Session(this.#served[client], {
      ...this.#options.mount,
      send: (message, length) =>
        opened === this.sessions[client] ? this.#toKernel[client](message, length) : errnoNumbers.ENODEV,
      report: this.#report,
    });
    this.sessions[client] = opened;
    return opened;
  }
}
