import type { Network } from '../../../src/env/index.ts';
import { drainPromises } from '../../../src/env/next-tick.ts';
import { ram } from '../../../src/filesystems/index.ts';
import {
  type ClientHabits,
  defaultClientOptions,
  type ExportOptions,
  NfsClient,
  type NfsClientOptions,
  NfsServer,
  type ServerHabits,
  usualHabits,
} from '../../../src/nfs/index.ts';
import { type SimEnvironment, Surroundings, VirtualClock } from '../../../src/sim/index.ts';
import {
  type Attributes,
  type Context,
  type Entry,
  Errno,
  errnoFrom,
  type FileSystem,
  O_EXCL,
  O_RDONLY,
  O_RDWR,
  type Opened,
  type WriteOptions,
} from '../../../src/vfs/index.ts';

export type ClientSettings = Partial<Omit<NfsClientOptions, 'habits'>> & Partial<ClientHabits>;

const context = (uid = 0, signal: AbortSignal = new AbortController().signal): Context => ({
  uid,
  gid: uid,
  pid: 1,
  umask: 0,
  signal,
});
const writing = (flags: number): WriteOptions => ({
  flags,
  fromCache: false,
  killPrivileges: false,
  lockOwner: undefined,
});

export interface ServedAs {
  readonly options?: Partial<ExportOptions>;
  readonly ram?: Readonly<Record<string, unknown>>;
  /** What stands between the server and its filesystem. */
  readonly make?: (inner: FileSystem) => FileSystem;
}

/** Hosts in virtual time. */
export class World {
  readonly clock = new VirtualClock();
  readonly warnings: string[] = [];
  readonly environment: SimEnvironment;

  constructor() {
    this.environment = new Surroundings(this.clock, 1, { warn: (message) => this.warnings.push(message) }).environment;
  }

  network(host: string): Network {
    return this.environment.hosts.from(host);
  }

  /** Lets time pass until a promise is settled; fails where nothing can settle it any more. */
  async settle<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const note = (): void => {
      settled = true;
    };
    promise.then(note, note);
    for (let turns = 0; turns < 100_000; turns++) {
      await drainPromises();
      if (settled) return await promise;
      if (!this.#nextTimer()) break;
    }
    throw new Error('it is never settled');
  }

  /** Lets time pass. */
  async pass(seconds: number): Promise<void> {
    const until = this.clock.nanoseconds + seconds * 1e9;
    for (;;) {
      await drainPromises();
      if (this.clock.nextTimer > until) break;
      this.#nextTimer();
    }
    this.clock.nanoseconds = until;
  }

  #nextTimer(): boolean {
    if (this.clock.nextTimer === Number.POSITIVE_INFINITY) return false;
    this.clock.nanoseconds = Math.max(this.clock.nanoseconds, this.clock.nextTimer);
    this.clock.takeDue()?.callback();
    return true;
  }

  async serve(
    habits: Partial<ServerHabits> = {},
    { options = {}, ram: ramOptions = {}, make = (it) => it }: ServedAs = {},
  ): Promise<NfsServer> {
    const environment = { ...this.environment, network: this.network('server') };
    const server = new NfsServer(environment, {
      volumes: [{ at: '/export', filesystem: make(ram(this.environment, ramOptions)) }],
      exports: [{ path: '/export', clients: [{ hosts: '*', options: { squash: 'none', ...options } }] }],
      habits,
    });
    await this.settle(server.start());
    await this.settle(server.listen('server', 2049));
    return server;
  }

  /** `around`: what stands between the client and the network. */
  client(host: string, settings: ClientSettings = {}, around: (network: Network) => Network = (it) => it): TestClient {
    const { environment } = this;
    const habits: Record<string, unknown> = { ...usualHabits };
    const options: Record<string, unknown> = { ...defaultClientOptions, host: 'server', path: '/export' };
    for (const [name, value] of Object.entries(settings)) (name in habits ? habits : options)[name] = value;
    const surroundings = { ...environment, network: around(this.network(host)) };
    return new TestClient(this, new NfsClient(surroundings, { ...options, habits } as unknown as NfsClientOptions));
  }
}

/** A client whose methods are called as a kernel would, and waited for in virtual time. */
export class TestClient {
  readonly filesystem: NfsClient;
  readonly #world: World;

  constructor(world: World, filesystem: NfsClient) {
    this.#world = world;
    this.filesystem = filesystem;
  }

  /** The answer, or the code of the error. */
  async #answer<T>(answer: Promise<T>): Promise<T> {
    return await this.#world.settle(answer);
  }

  lookup(name: string, parent = 1): Promise<Entry> {
    return this.#answer(this.filesystem.lookup(parent, name, context()));
  }

  /** Size of a file, or the code of the error. */
  async size(name: string): Promise<number | string> {
    return await codeOr(this.lookup(name).then(({ attributes }) => attributes.size));
  }

  getattr(node: number): Promise<Attributes> {
    return this.#answer(this.filesystem.getattr(node, undefined, context()));
  }

  async create(name: string, mode = 0o644, uid = 0): Promise<File> {
    const made = await this.#answer(this.filesystem.create(1, name, mode, O_RDWR | O_EXCL, context(uid)));
    return new File(this.#world, this.filesystem, made.entry.node, made.opened, O_RDWR);
  }

  async open(name: string, flags = O_RDONLY, uid = 0): Promise<File> {
    const { node } = await this.lookup(name);
    const opened = await this.#answer(this.filesystem.open(node, flags, context(uid)));
    return new File(this.#world, this.filesystem, node, opened, flags);
  }

  mkdir(name: string): Promise<Entry> {
    return this.#answer(this.filesystem.mkdir(1, name, 0o755, context()));
  }

  unlink(name: string, parent = 1): Promise<void> {
    return this.#answer(this.filesystem.unlink(parent, name, context()));
  }

  rmdir(name: string): Promise<void> {
    return this.#answer(this.filesystem.rmdir(1, name, context()));
  }

  /** Asks something that an interrupt may end. */
  getattrUntil(node: number, signal: AbortSignal): Promise<Attributes> {
    return this.filesystem.getattr(node, undefined, context(0, signal));
  }

  async names(node = 1): Promise<readonly string[]> {
    const opened = await this.#answer(this.filesystem.opendir(node, 0, context()));
    const names: string[] = [];
    const sink = {
      add: (name: string) => names.push(name) > 0,
      addPacked: () => {
        throw new Error('expected single entries');
      },
    };
    await this.#answer(this.filesystem.readdir(node, opened.fh, 0, sink, context()));
    this.filesystem.releasedir(node, opened.fh);
    return names.filter((name) => name !== '.' && name !== '..').sort();
  }
}

export class File {
  readonly node: number;
  readonly opened: Opened;
  readonly #world: World;
  readonly #filesystem: NfsClient;
  readonly #flags: number;

  constructor(world: World, filesystem: NfsClient, node: number, opened: Opened, flags: number) {
    this.#world = world;
    this.#filesystem = filesystem;
    this.node = node;
    this.opened = opened;
    this.#flags = flags;
  }

  async write(text: string, offset = 0): Promise<void> {
    const { fh } = this.opened;
    await this.#world.settle(
      this.#filesystem.write(this.node, fh, Buffer.from(text), offset, context(), writing(this.#flags)),
    );
  }

  async read(): Promise<string> {
    const into = Buffer.alloc(1000);
    const count = await this.#world.settle(this.#filesystem.read(this.node, this.opened.fh, into, 0, context()));
    return into.toString('utf8', 0, count);
  }

  /** close(2), as far as a filesystem sees it at once. */
  async flush(): Promise<void> {
    await this.#world.settle(this.#filesystem.flush(this.node, this.opened.fh, 0, context()));
  }

  async close(): Promise<void> {
    await this.flush();
    await this.#world.settle(this.#filesystem.release(this.node, this.opened.fh, this.#flags, context()));
  }
}

/** What a promise gives, or the code of its error. */
export async function codeOr<T>(promise: Promise<T>): Promise<T | string> {
  try {
    return await promise;
  } catch (error) {
    const known = error instanceof Errno ? error : errnoFrom(error);
    if (known === undefined) throw error;
    return known.code;
  }
}

/** A network that, once it is armed, loses the next that arrives, and the connection with it. */
export class LossyNetwork {
  armed = false;

  around(network: Network): Network {
    return {
      ...network,
      connect: async (host, port, options) => {
        const connection = await network.connect(host, port, options);
        return new Proxy(connection, {
          get: (target, name) => {
            if (name === 'onData')
              return (callback: (data: Uint8Array) => void) =>
                target.onData((data) => {
                  if (!this.armed) callback(data);
                  else target.destroy();
                  this.armed = false;
                });
            const member: unknown = Reflect.get(target, name);
            return typeof member === 'function' ? member.bind(target) : member;
          },
        });
      },
    };
  }
}
