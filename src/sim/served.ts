import type { FileSystemFactory, FileSystemOptions } from '../env/index.ts';
import { drainPromises } from '../env/next-tick.ts';
import type { FuseServer, Message } from '../fuse/message.ts';
import { Session, type SessionOptions } from '../fuse/session/index.ts';
import type { FileSystem, Timespec } from '../vfs/index.ts';
import { VirtualClock } from './clock.ts';
import { Surroundings } from './surroundings.ts';

export interface ServedOptions {
  /** The filesystem's own options. */
  readonly filesystem?: FileSystemOptions;
  readonly session?: Partial<Omit<SessionOptions, 'send' | 'report'>>;
  /** Where virtual time starts. */
  readonly started: Timespec;
  /** Takes what is wrong with the filesystem: one line, and the error where there was one. */
  readonly report: (problem: string, error?: unknown) => void;
}

/** Between two requests time passes, so that what a filesystem stamps can be told apart; nanoseconds. */
const LEAST_STEP = 1000;
/** Virtual seconds of timers that are waited for. */
const PATIENCE = 86_400;

/** A filesystem in simulated surroundings, served to whoever sends requests: there is no kernel, and time is the sender's. */
export class ServedFileSystem {
  readonly filesystem: FileSystem;
  readonly #clock: VirtualClock;
  readonly #surroundings: Surroundings;
  readonly #options: ServedOptions;
  readonly #start: number;

  constructor(factory: FileSystemFactory, options: ServedOptions) {
    this.#options = options;
    const { sec, nsec } = options.started;
    this.#clock = new VirtualClock(sec * 1000);
    this.#clock.nanoseconds += nsec;
    this.#start = this.#clock.nanoseconds;
    this.#surroundings = new Surroundings(this.#clock, 0);
    const { environment } = this.#surroundings;
    this.filesystem = this.#surroundings.inside(() => factory(environment, options.filesystem ?? {}));
  }

  /** The virtual time. */
  now(): Timespec {
    return this.#clock.now();
  }

  /** The session, whose replies and notifications `send` takes; its return value is the errno number that a kernel answers. */
  connect(send: (message: Message, length: number) => number): FuseServer {
    const { session: settings, report } = this.#options;
    const session = new Session(this.filesystem, { ...settings, send, report });
    return {
      receive: (message, length) => this.#surroundings.inside(() => session.receive(message, length)),
      close: () => this.#surroundings.inside(() => session.close()),
    };
  }

  /** Time moves on to `nanoseconds` after the start, and a little at least; timers that come due run. */
  async moveTo(nanoseconds: number): Promise<void> {
    const to = Math.max(this.#start + nanoseconds, this.#clock.nanoseconds + LEAST_STEP);
    while (this.#clock.nextTimer <= to) await this.#nextTimer();
    this.#clock.nanoseconds = to;
  }

  /** Lets happen what happens by itself, until `done`; false where nothing more does. */
  async settle(done: () => boolean): Promise<boolean> {
    const patience = this.#clock.nanoseconds + PATIENCE * 1e9;
    while (!done()) {
      await this.#drain();
      if (done()) break;
      if (this.#clock.nextTimer > patience) return false;
      await this.#nextTimer();
    }
    return true;
  }

  async #nextTimer(): Promise<void> {
    this.#clock.nanoseconds = Math.max(this.#clock.nanoseconds, this.#clock.nextTimer);
    this.#surroundings.inside(() => this.#clock.takeDue()?.callback());
    await this.#drain();
  }

  /** Promise chains run in here. */
  async #drain(): Promise<void> {
    const { globals } = this.#surroundings;
    globals.enter();
    try {
      await drainPromises();
    } finally {
      globals.leave();
    }
  }
}
