import { Session } from '../fuse/session/index.ts';
import type { NfsClient } from '../nfs/index.ts';
import { Choices, hashText, Scheduler, SeededRandom, SimEnvironment, SimKernel, VirtualClock } from '../sim/index.ts';
import { type Credentials, type FileSystem, root } from '../vfs/index.ts';
import { Program } from './program.ts';
import type { Setting } from './scenario.ts';
import { Site } from './site.ts';

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

/** A site in virtual time, its clients with simulated kernels, in which one run of a scenario happens. */
export class World extends Site {
  readonly remedied: boolean;
  readonly scheduler: Scheduler;
  readonly clients: readonly ClientHost[];
  readonly story: readonly string[];
  readonly #quiet: boolean;
  #nextPid = 1;

  private constructor(setting: Setting, { seed, clients, remedied, disarmed, quiet }: WorldOptions) {
    const clock = new VirtualClock();
    const scheduler = new Scheduler(clock, new Choices({ seed }));
    const story: string[] = [];
    const tell = (line: string): void => {
      const seconds = (clock.nanoseconds / 1e9 - 1).toFixed(3);
      story.push(`${seconds.padStart(9)}  ${line}`);
    };
    super(
      setting,
      {
        clock,
        timers: clock,
        environment: ({ chance, network, warn }) =>
          new SimEnvironment(clock, new SeededRandom(hashText(seed, chance)), { network, warn }),
        sleep: (milliseconds) => scheduler.advance(milliseconds * 1e6),
      },
      { seed, clients, disarmed, tapped: quiet !== 'wire', tell: quiet === undefined ? tell : () => {} },
    );
    this.remedied = remedied;
    this.scheduler = scheduler;
    this.story = story;
    this.#quiet = quiet !== undefined;
    this.clients = this.hosts.map(({ name, client, filesystem }) => ({
      name,
      filesystem: client,
      kernel: this.#kernel(name, filesystem),
    }));
  }

  static async create(setting: Setting, options: WorldOptions): Promise<World> {
    const world = new World(setting, options);
    await world.start();
    return world;
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

  /** A client's kernel frees inodes where it has more than there is memory for. */
  async squeeze(client: string): Promise<void> {
    const { kernel } = this.client(client);
    if (kernel.cachedInodes > (this.setting.inodesMost ?? Number.POSITIVE_INFINITY)) await kernel.dropCaches(2);
  }

  /** The same for two runs that did the same. */
  get digest(): string {
    const traces = this.clients.map(({ kernel }) => kernel.traceHash);
    return `${traces.join(' ')} ${hashText(0, this.story.join('\n'))}`;
  }

  async close(): Promise<void> {
    this.end();
    for (const { kernel } of this.clients) await kernel.close();
  }
}
