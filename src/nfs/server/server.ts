import type { Connection, Environment, Listener } from '../../env/index.ts';
import type { Negotiated, Notifier } from '../../vfs/index.ts';
import { mount, nfs } from '../protocol/index.ts';
import { RecordError, RecordReader, RpcService, served } from '../rpc/index.ts';
import { type Core, freshVerifier, ownContext, type Peer } from './core.ts';
import { ExportTable } from './exports/table.ts';
import { FileHandles } from './files/handles.ts';
import { Journal } from './files/journal.ts';
import { arrange, rootsOf } from './namespace.ts';
import { goodHabits, type NfsServerOptions, type ServerHabits } from './options.ts';
import { attributeProcedures } from './procedures/attributes.ts';
import { createProcedures } from './procedures/create.ts';
import { dataProcedures, TRANSFER_MOST } from './procedures/data.ts';
import { lookupProcedures } from './procedures/lookup.ts';
import { type Mounts, mountProcedures } from './procedures/mount.ts';
import { readdirProcedures } from './procedures/readdir.ts';
import { removeProcedures } from './procedures/remove.ts';
import { statisticsProcedures } from './procedures/statistics.ts';
import { ReplyCache } from './reply-cache.ts';
import { run, type Step } from './step.ts';

/** From one start to the next end. */
interface Life {
  readonly core: Core;
  readonly service: RpcService<Peer>;
}

/**
 * An NFSv3 server for filesystems of this project, with MOUNT on the same port. It can be stopped, crash and start again as
 * often as a test wants: clients that are connected lose their connections, and what they hold means what the habits say.
 */
export class NfsServer {
  readonly #environment: Environment;
  readonly #options: NfsServerOptions;
  readonly #habits: ServerHabits;
  readonly #exports: ExportTable;
  readonly #report: NonNullable<NfsServerOptions['report']>;
  /** Where it listens while it runs. */
  readonly #addresses: { readonly host: string; readonly port: number }[] = [];
  readonly #listeners: Listener[] = [];
  readonly #connections = new Set<Connection>();
  // What is on the server's disk, or as if.
  readonly #mounts: Mounts = new Map();
  readonly #paths: string[] = [];
  #replyCache: ReplyCache | undefined;
  #lives = 0;
  #life: Life | undefined;

  /** @throws Error for an export that is wrong */
  constructor(environment: Environment, options: NfsServerOptions) {
    this.#environment = environment;
    this.#options = options;
    this.#habits = { ...goodHabits, ...options.habits };
    this.#exports = new ExportTable(options.exports);
    this.#report = options.report ?? ((problem) => environment.warn(`nfs server: ${problem}`));
    for (const { filesystem } of options.volumes) filesystem.init?.(negotiated, silent);
  }

  /** Whether it serves. */
  get running(): boolean {
    return this.#life !== undefined;
  }

  /** Starts serving. @throws Error for a volume that has no directory to be on */
  async start(): Promise<void> {
    if (this.#life !== undefined) throw new Error('nfs server: expected one that is stopped, it is running');
    this.#life = await this.#begin();
    for (const { host, port } of this.#addresses) await this.#open(host, port);
  }

  /** Takes connections whenever it runs, on a free port for 0; the port that it is. */
  async listen(host: string, port: number): Promise<number> {
    const taken = await this.#open(host, port);
    this.#addresses.push({ host, port: taken });
    return taken;
  }

  /** An orderly end: what was written is safe. */
  stop(): void {
    this.#end();
  }

  /** The server's host loses power: what was not safe is gone. */
  async crash(): Promise<void> {
    const life = this.#end();
    const journal = life?.core.journal;
    if (journal !== undefined) await this.#finish(journal.rollBack(ownContext));
  }

  /** Stops for good: no more connections, and the filesystems end. */
  close(): void {
    this.#end();
    for (const { filesystem } of this.#options.volumes) filesystem.destroy?.();
  }

  async #begin(): Promise<Life> {
    const environment = this.#environment;
    const offset = this.#habits.fsid === 'changes' ? this.#lives * 1000 : 0;
    this.#lives++;
    const volumes = await this.#finish(arrange(this.#options.volumes, offset, this.#habits.times));
    const boot = (environment.random.uint32() | 1) >>> 0;
    const core: Core = {
      environment,
      habits: this.#habits,
      exports: this.#exports,
      volumes,
      handles: new FileHandles({ habit: this.#habits.handles, volumes, boot, paths: this.#paths }),
      journal: this.#habits.crashLoses === 'nothing' ? undefined : new Journal(),
      roots: await this.#finish(rootsOf(this.#exports, volumes)),
      boot,
      writeVerifier: freshVerifier(environment),
      turns: 0,
    };
    const { replyCache } = this.#habits;
    if (replyCache.kind === 'off') this.#replyCache = undefined;
    else if (this.#replyCache === undefined || replyCache.atRestart === 'lost')
      this.#replyCache = new ReplyCache(replyCache);
    const programs = [
      served<typeof nfs, Peer>(nfs, {
        NULL: () => ({}),
        ...attributeProcedures(core),
        ...lookupProcedures(core),
        ...dataProcedures(core),
        ...createProcedures(core),
        ...removeProcedures(core),
        ...readdirProcedures(core),
        ...statisticsProcedures(core),
      }),
      served<typeof mount, Peer>(mount, mountProcedures(core, this.#mounts)),
    ];
    return { core, service: new RpcService(programs, { memory: this.#replyCache, report: this.#report }) };
  }

  #end(): Life | undefined {
    const life = this.#life;
    this.#life = undefined;
    for (const listener of this.#listeners.splice(0)) listener.close();
    for (const connection of this.#connections) connection.destroy();
    this.#connections.clear();
    this.#replyCache?.interrupt();
    for (const volume of life?.core.volumes ?? []) volume.nodes.close();
    return life;
  }

  async #open(host: string, port: number): Promise<number> {
    const listener = await this.#environment.network.listen(host, port, (connection) => this.#accept(connection));
    this.#listeners.push(listener);
    return listener.port;
  }

  #accept(connection: Connection): void {
    const life = this.#life;
    if (life === undefined) {
      connection.destroy();
      return;
    }
    this.#connections.add(connection);
    const { remoteAddress: address, remotePort: port } = connection;
    const name = this.#options.nameOf === undefined ? address : this.#options.nameOf(address);
    const peer: Peer = { host: { address, name }, port };
    const respond = (reply: Uint8Array): void => {
      if (this.#life === life) connection.write(reply);
    };
    const records = new RecordReader((record) => {
      if (this.#life === life) life.service.receive(record, peer, respond);
    }, TRANSFER_MOST + 4096);
    connection.onData((data) => {
      try {
        records.push(data);
      } catch (error) {
        if (!(error instanceof RecordError)) throw error;
        this.#report(`connection from ${address}:${port}: ${error.message}; it is closed`);
        connection.destroy();
      }
    });
    connection.onClose(() => this.#connections.delete(connection));
  }

  async #finish<T>(step: Step<T>): Promise<T> {
    return await run(step, () => {});
  }
}

/** What a filesystem is told in place of what a kernel would negotiate: this server caches nothing of its own. */
const negotiated: Negotiated = {
  major: 7,
  minor: 31,
  maxWrite: TRANSFER_MOST,
  maxReadahead: 0,
  maxBackground: 12,
  congestionThreshold: 9,
  writebackCache: false,
  timeGranularity: 1,
  flags: 0,
  flags2: 0,
};

/** Nobody caches what a filesystem could invalidate: clients ask again by the clock. */
const silent: Notifier = {
  invalInode: () => {},
  invalEntry: () => {},
  delete: () => {},
  store: () => {},
  retrieve: async () => new Uint8Array(0),
  pollWakeup: () => {},
  incrementEpoch: () => {},
  prune: () => {},
};
