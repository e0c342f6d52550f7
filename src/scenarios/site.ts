import { lateAnswers } from '../check/late-answers.ts';
import type { Clock, Environment, Network, Timers } from '../env/index.ts';
import { FaultEngine, faultyFileSystem } from '../fault/index.ts';
import { ram } from '../filesystems/index.ts';
import { defaultClientOptions, NfsClient, NfsServer, usualHabits, type Volume } from '../nfs/index.ts';
import { Choices, SimulatedNetwork } from '../sim/index.ts';
import { sharedFileSystem } from '../sim/shared-filesystem.ts';
import { type Context, type FileSystem, isError, ROOT_NODE, S_IFREG, type Timespec } from '../vfs/index.ts';
import { LockManager } from './locks/lock-manager.ts';
import { withLocks } from './locks/with-locks.ts';
import type { Setting } from './scenario.ts';
import type { WireRule } from './wire/rule.ts';
import { WireTap } from './wire/tap.ts';

export const SERVER = 'server';
const PORT = 2049;
const EXPORT = '/export';

export const byRoot: Context = { uid: 0, gid: 0, pid: 0, umask: 0, signal: new AbortController().signal };

/** What hosts take from outside: virtual in a run, real under a mount. */
export interface SiteSurroundings {
  readonly clock: Clock;
  readonly timers: Timers;
  /** The surroundings of a host; hosts with the same `chance` draw the same. */
  environment(parts: {
    readonly chance: string;
    readonly network: Network;
    readonly warn: (message: string) => void;
  }): Environment;
  /** Lets milliseconds pass while nothing else happens, where that can be. */
  sleep(milliseconds: number): void;
}

export interface SiteOptions {
  readonly seed: number;
  readonly clients: number;
  /** No fault strikes. */
  readonly disarmed: boolean;
  /** Whether somebody listens to the wire. Default true. */
  readonly tapped?: boolean;
  /** Takes the story, a line at a time. */
  readonly tell: (line: string) => void;
}

/** A client: a host on which the server is mounted. */
export interface SiteClient {
  readonly name: string;
  readonly client: NfsClient;
  /** What its kernel is given: the client, or with another protocol something else. */
  readonly filesystem: FileSystem;
}

/** A server, its clients and the network between them, with their faults. */
export class Site {
  readonly setting: Setting;
  readonly network: SimulatedNetwork;
  readonly timers: Timers;
  readonly server: NfsServer;
  /** What the server serves at the root of its export, to look at from behind. */
  readonly disk: FileSystem;
  readonly hosts: readonly SiteClient[];
  /** No fault strikes. */
  readonly disarmed: boolean;
  readonly tell: (line: string) => void;
  readonly #surroundings: SiteSurroundings;
  readonly #onServer: Environment;
  readonly #volumes: Volume[] = [];
  readonly #locks: LockManager | undefined;
  readonly #tap: WireTap;
  readonly #faults = new Map<string, number>();
  #rebooting: Promise<void> | undefined;

  constructor(setting: Setting, surroundings: SiteSurroundings, options: SiteOptions) {
    const { seed, clients, disarmed, tapped = true, tell } = options;
    const { timers } = surroundings;
    this.setting = setting;
    this.#surroundings = surroundings;
    this.disarmed = disarmed;
    this.tell = tell;
    this.timers = timers;
    this.#tap = new WireTap(timers, { passed: tell, fired: (rule) => this.#fire(rule) });
    this.network = new SimulatedNetwork(timers, {
      ...setting.link,
      choices: new Choices({ seed }),
      wire: tapped ? (segment) => this.#tap.wire(segment) : undefined,
    });
    const warn = (host: string) => (message: string) => tell(`${host}: ${message}`);
    this.#onServer = surroundings.environment({
      chance: SERVER,
      network: this.network.from(SERVER),
      warn: warn(SERVER),
    });
    this.disk = this.#diskOf(this.#onServer);
    this.#volumes.push({ at: EXPORT, filesystem: this.disk });
    this.server = new NfsServer(this.#onServer, {
      volumes: this.#volumes,
      exports: setting.exports ?? [{ path: EXPORT, clients: [{ hosts: '*', options: { squash: 'none' } }] }],
      habits: setting.server,
      report: warn(SERVER),
    });
    this.#locks = setting.locks && new LockManager(timers, setting.locks);
    const shared = setting.protocol === 'stateful' ? sharedFileSystem(this.disk, clients) : undefined;
    this.hosts = Array.from({ length: clients }, (_, i) => {
      const name = String.fromCharCode(97 + i);
      const network = this.network.from(name);
      const environment = surroundings.environment({
        chance: setting.sameXids ? 'a client' : name,
        network: tapped ? this.#tap.network(name, network) : network,
        warn: warn(name),
      });
      const client = new NfsClient(environment, {
        ...defaultClientOptions,
        host: SERVER,
        path: EXPORT,
        ...setting.client,
        habits: { ...usualHabits, ...setting.client?.habits },
      });
      const filesystem = this.#locks === undefined ? client : withLocks(client, this.#locks, name);
      return { name, client, filesystem: shared ?? filesystem };
    });
  }

  /** Starts the server. */
  async start(): Promise<void> {
    await this.server.start();
    await this.server.listen(SERVER, PORT);
  }

  #diskOf(environment: Environment): FileSystem {
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
      now: () => clock.monotonic() / 1e6,
      observe: ({ rule }) => this.#fire(rule),
    });
    return faultyFileSystem(filesystem, engine, {
      after: (ms, callback) => this.timers.after(ms, callback),
      sleep: (ms) => this.#surroundings.sleep(ms),
    });
  }

  /** Mounts another filesystem on a directory of the server, which is started anew. */
  async mountOnServer(at: string): Promise<FileSystem> {
    const filesystem = ram(this.#onServer, {});
    this.#volumes.push({ at: `${EXPORT}${at}`, filesystem });
    await this.restartServer();
    return filesystem;
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

  /** The server's host loses power and comes back at once. */
  crashServer(): Promise<void> {
    return this.#reboot(async () => {
      await this.server.crash();
      this.#locks?.reboot();
    });
  }

  restartServer(): Promise<void> {
    return this.#reboot(async () => this.server.stop());
  }

  /** One at a time: who comes meanwhile has it done with the one that is under way. */
  #reboot(goDown: () => Promise<void>): Promise<void> {
    this.#rebooting ??= goDown()
      .then(() => this.server.start())
      .finally(() => {
        this.#rebooting = undefined;
      });
    return this.#rebooting;
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

  /** Faults by name, with how often each struck. */
  get faults(): ReadonlyMap<string, number> {
    return this.#faults;
  }

  /** Ends the clients and the server. */
  end(): void {
    for (const { client } of this.hosts) client.destroy();
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
