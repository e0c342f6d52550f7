import { lateAnswers } from '../check/late-answers.ts';
import type { Environment } from '../env/index.ts';
import { FaultEngine, faultyFileSystem } from '../fault/index.ts';
import { ram } from '../filesystems/index.ts';
import { Session } from '../fuse/session/index.ts';
import { defaultClientOptions, NfsClient, NfsServer, usualHabits, type Volume } from '../nfs/index.ts';
import {
  Choices,
  hashText,
  Scheduler,
  SeededRandom,
  SimEnvironment,
  SimKernel,
  SimulatedNetwork,
  VirtualClock,
} from '../sim/index.ts';
import { sharedFileSystem } from '../sim/shared-filesystem.ts';
import {
  type Context,
  type Credentials,
  type FileSystem,
  isError,
  ROOT_NODE,
  root,
  S_IFREG,
  type Timespec,
} from '../vfs/index.ts';
import { LockManager } from './locks/lock-manager.ts';
import { withLocks } from './locks/with-locks.ts';
import { Program } from './program.ts';
import type { Setting } from './scenario.ts';
import type { WireRule } from './wire/rule.ts';
import { WireTap } from './wire/tap.ts';

const SERVER = 'server';
const PORT = 2049;
const EXPORT = '/export';

export const byRoot: Context = { uid: 0, gid: 0, pid: 0, umask: 0, signal: new AbortController().signal };

export interface WorldOptions {
  readonly seed: number;
  readonly clients: number;
  readonly remedied: boolean;
  /** No fault strikes. */
  readonly disarmed: boolean;
  /** story: none is told. wire: nor is anybody listening to the wire, for runs of millions of calls. */
  readonly quiet?: 'story' | 'wire';
}

/** A client of the world: a host with a kernel that has the server mounted. */
export interface ClientHost {
  readonly name: string;
  readonly kernel: SimKernel;
  readonly filesystem: NfsClient;
}

/** A server, its clients and the network between them, in which one run of a scenario happens. */
export class World {
  readonly setting: Setting;
  readonly remedied: boolean;
  readonly scheduler: Scheduler;
  readonly network: SimulatedNetwork;
  readonly server: NfsServer;
  /** What the server serves at the root of its export, to look at from behind. */
  readonly disk: FileSystem;
  readonly clients: readonly ClientHost[];
  readonly story: string[] = [];
  /** No fault strikes. */
  readonly disarmed: boolean;
  readonly #quiet: boolean;
  readonly #onServer: SimEnvironment;
  readonly #volumes: Volume[] = [];
  readonly #locks: LockManager | undefined;
  readonly #tap: WireTap;
  readonly #faults = new Map<string, number>();
  #nextPid = 1;

  private constructor(setting: Setting, { seed, clients, remedied, disarmed, quiet }: WorldOptions) {
    this.setting = setting;
    this.remedied = remedied;
    this.disarmed = disarmed;
    this.#quiet = quiet !== undefined;
    const choices = new Choices({ seed });
    const clock = new VirtualClock();
    this.scheduler = new Scheduler(clock, choices);
    this.#tap = new WireTap(clock, {
      passed: (line) => this.tell(line),
      fired: (rule) => this.#fire(rule),
    });
    this.network = new SimulatedNetwork(clock, {
      ...setting.link,
      choices,
      wire: quiet === 'wire' ? undefined : (segment) => this.#tap.wire(segment),
    });
    const environment = (host: string, stream = host): SimEnvironment =>
      new SimEnvironment(clock, new SeededRandom(hashText(seed, `environment of ${stream}`)), {
        network: quiet === 'wire' ? this.network.from(host) : this.#tap.network(host, this.network.from(host)),
        warn: (message) => this.tell(`${host}: ${message}`),
      });
    const onServer = new SimEnvironment(clock, new SeededRandom(hashText(seed, SERVER)), {
      network: this.network.from(SERVER),
      warn: (message) => this.tell(`${SERVER}: ${message}`),
    });
    this.#onServer = onServer;
    this.disk = this.#diskOf(onServer);
    this.#volumes.push({ at: EXPORT, filesystem: this.disk });
    this.server = new NfsServer(onServer, {
      volumes: this.#volumes,
      exports: setting.exports ?? [{ path: EXPORT, clients: [{ hosts: '*', options: { squash: 'none' } }] }],
      habits: setting.server,
      report: (problem) => this.tell(`${SERVER}: ${problem}`),
    });
    this.#locks = setting.locks && new LockManager(clock, setting.locks);
    const shared = setting.protocol === 'stateful' ? sharedFileSystem(this.disk, clients) : undefined;
    this.clients = Array.from({ length: clients }, (_, i) => {
      const name = String.fromCharCode(97 + i);
      const filesystem = new NfsClient(environment(name, setting.sameXids ? 'everybody' : name), {
        ...defaultClientOptions,
        host: SERVER,
        path: EXPORT,
        ...setting.client,
        habits: { ...usualHabits, ...setting.client?.habits },
      });
      const locking = this.#locks === undefined ? filesystem : withLocks(filesystem, this.#locks, name);
      return { name, filesystem, kernel: this.#kernel(name, shared ?? locking) };
    });
  }

  static async create(setting: Setting, options: WorldOptions): Promise<World> {
    const world = new World(setting, options);
    await world.server.start();
    await world.server.listen(SERVER, PORT);
    return world;
  }

  #diskOf(environment: SimEnvironment): FileSystem {
    const { serverTick = 1, serverSpace, serverInodes, disk } = this.setting;
    const { clock } = environment;
    const now = (): Timespec => {
      const { sec, nsec } = clock.now();
      return { sec: sec - (sec % Math.max(1, serverTick / 1e9)), nsec: nsec - (nsec % serverTick) };
    };
    const surroundings: Environment = Object.create(environment, {
      clock: { value: { now, monotonic: () => clock.monotonic() } },
    });
    const plan = disk === undefined || this.disarmed ? undefined : disk;
    for (const { name } of disk?.rules ?? []) this.expects(name);
    const slow = plan?.rules.some(({ what }) => what.kind === 'delay') === true;
    const factory = slow ? lateAnswers(ram) : ram;
    const filesystem = factory(surroundings, { size: serverSpace, inodes: serverInodes });
    if (plan === undefined) return filesystem;
    // What is in memory has nothing to sync, but a disk that fails has.
    filesystem.fsync ??= () => {};
    const engine = new FaultEngine(plan, {
      now: () => clock.nanoseconds / 1e6,
      observe: ({ rule }) => this.#fire(rule),
    });
    return faultyFileSystem(filesystem, engine, {
      after: (ms, callback) => clock.after(ms, callback),
      sleep: (ms) => this.scheduler.advance(ms * 1e6),
    });
  }

  /** Mounts another filesystem on a directory of the server, which is started anew. */
  async mountOnServer(at: string): Promise<FileSystem> {
    const filesystem = ram(this.#onServer, {});
    this.#volumes.push({ at: `${EXPORT}${at}`, filesystem });
    await this.restartServer();
    return filesystem;
  }

  #kernel(name: string, filesystem: FileSystem): SimKernel {
    const mount = this.setting.mount ?? {};
    return new SimKernel(
      this.scheduler,
      (send) => new Session(filesystem, { ...mount, send, report: (problem) => this.tell(`${name}: ${problem}`) }),
      { mount, name: `${name}.`, traceHash: !this.#quiet, report: (problem) => this.tell(`${name}: ${problem}`) },
    );
  }

  /** A new program on a client, `a` unless told otherwise. */
  program(client = 'a', credentials: Credentials = root): Program {
    const host = this.client(client);
    const pid = this.#nextPid++;
    host.kernel.spawn(pid, credentials);
    return new Program(host.kernel, pid, (line) => this.tell(`${client}: ${line}`));
  }

  client(name: string): ClientHost {
    const host = this.clients.find((each) => each.name === name);
    if (host === undefined)
      throw new Error(`client: expected one of ${this.clients.map(({ name: each }) => each)}, given ${name}`);
    return host;
  }

  /** A fault that somebody makes: it struck where it did not fail with an errno. */
  async strike(name: string, make: () => Promise<unknown>): Promise<void> {
    this.expects(name);
    if (this.disarmed) return;
    const result = await make();
    if (typeof result === 'string' || (typeof result === 'number' && isError(result))) return;
    this.#fire(name);
  }

  /** A fault on the wire. */
  rule(rule: WireRule): void {
    if (rule.name !== undefined) this.expects(rule.name);
    if (!this.disarmed) this.#tap.arm(rule);
  }

  /** A fault that the run itself brings about has struck. */
  happened(name: string): void {
    this.expects(name);
    if (!this.disarmed) this.#fire(name);
  }

  /** Lets so much virtual time pass. */
  async sleep(milliseconds: number): Promise<void> {
    this.tell(`... ${milliseconds >= 1000 ? `${milliseconds / 1000} s` : `${milliseconds} ms`}`);
    let over = false;
    this.scheduler.clock.after(milliseconds, () => {
      over = true;
    });
    await this.until(() => over);
  }

  /** Lets events happen until something holds, or none is left. */
  async until(holds: () => boolean): Promise<void> {
    const { kernel } = this.clients[0];
    while (!holds()) {
      const step = kernel.step();
      if (step === 'awaiting-promise' || step === 'awaiting-host') await kernel.drain();
      else if (step === 'idle') return;
    }
  }

  /** The server's host loses power and comes back at once. */
  async crashServer(): Promise<void> {
    await this.server.crash();
    this.#locks?.reboot();
    await this.server.start();
  }

  /** Files of a directory below the root, made on the server itself; gives their names. */
  makeFiles(directory: string, count: number): readonly string[] {
    const { disk } = this;
    const made = disk.mkdir?.(ROOT_NODE, directory, 0o755, byRoot);
    if (made === undefined || !('node' in made)) throw new Error(`${directory}: expected a new directory`);
    const names = Array.from({ length: count }, (_, i) => `file-${String(i).padStart(4, '0')}`);
    for (const name of names) {
      const file = disk.mknod?.(made.node, name, S_IFREG | 0o644, 0, byRoot);
      if (file !== undefined && 'node' in file) disk.forget?.(file.node, 1);
    }
    disk.forget?.(made.node, 1);
    return names;
  }

  /** A client's kernel frees inodes where it has more than there is memory for. */
  async squeeze(client: string): Promise<void> {
    const { kernel } = this.client(client);
    if (kernel.cachedInodes > (this.setting.inodesMost ?? Number.POSITIVE_INFINITY)) await kernel.dropCaches(2);
  }

  async restartServer(): Promise<void> {
    this.server.stop();
    await this.server.start();
  }

  tell(line: string): void {
    if (this.#quiet) return;
    const { clock } = this.scheduler;
    const seconds = (clock.nanoseconds / 1e9 - 1).toFixed(3);
    this.story.push(`${seconds.padStart(9)}  ${line}`);
  }

  /** Faults by name, with how often each struck. */
  get faults(): ReadonlyMap<string, number> {
    return this.#faults;
  }

  /** The same for two runs that did the same. */
  get digest(): string {
    const traces = this.clients.map(({ kernel }) => kernel.traceHash);
    return `${traces.join(' ')} ${hashText(0, this.story.join('\n'))}`;
  }

  async close(): Promise<void> {
    for (const { kernel, filesystem } of this.clients) {
      filesystem.destroy();
      await kernel.close();
    }
    this.server.close();
  }

  /** A fault that is to strike. */
  expects(name: string): void {
    if (!this.#faults.has(name)) this.#faults.set(name, 0);
  }

  #fire(name: string): void {
    this.expects(name);
    this.#faults.set(name, (this.#faults.get(name) ?? 0) + 1);
    this.tell(`!! ${name}`);
  }
}
