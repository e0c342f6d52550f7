import { Message } from '../message.ts';
import { fuse_init_in, IN_HEADER_SIZE, initFlags, opcodes, writeInHeader } from '../protocol/index.ts';
import { commandWords, DaemonCommandError } from './command.ts';
import { Daemon, type Route } from './daemon.ts';
import { DaemonError, SocketServer } from './server.ts';
import { Workshop } from './workshop.ts';

/** How a daemon is started. */
export interface DaemonCommand {
  /** Its command line, with `{fuse}` where the mount point stands; `{backing}` is an empty directory. */
  readonly command: string;
  /** A shell command that makes what it starts from, in the directory in which it will run. */
  readonly setup?: string;
  /** How it is mounted, as -o of the command line takes it. */
  readonly options?: string;
}

/** libfuse 2 knows 7.19; whoever splices would split replies. */
const OFFERED = initFlags.BIG_WRITES | initFlags.MAX_PAGES;

/** Makes daemons of one command, each in a workshop as new; finds out which way they take. One runs at a time. */
export class DaemonSource {
  readonly #words: readonly string[];
  readonly #workshop: Workshop;
  #route: Route | undefined;
  #daemon: Daemon | undefined;

  /**
   * Relative paths are seen from `directory`.
   *
   * @throws {DaemonCommandError} that says what is wrong with the command
   */
  constructor({ command, setup }: Pick<DaemonCommand, 'command' | 'setup'>, directory: string) {
    this.#words = commandWords(command, directory);
    this.#workshop = new Workshop(this.#words, setup, directory);
  }

  get program(): string {
    return this.#words[0];
  }

  /**
   * A daemon that has not been spoken to. The last one is ended.
   *
   * @throws {DaemonCommandError} with its last words, where it speaks FUSE on neither way
   */
  async start(): Promise<Daemon> {
    this.#route ??= await this.#findRoute();
    return await this.#startOn(this.#route);
  }

  async #startOn(route: Route): Promise<Daemon> {
    await this.#daemon?.end();
    this.#workshop.renew();
    this.#daemon = await Daemon.start(this.#words, route, this.#workshop);
    return this.#daemon;
  }

  /** The first way on which a daemon answers INIT. */
  async #findRoute(): Promise<Route> {
    const problems: string[] = [];
    for (const route of ['descriptor', 'fusermount'] as const) {
      try {
        const daemon = await this.#startOn(route);
        try {
          sayInit(daemon);
          return route;
        } catch (error) {
          if (!(error instanceof DaemonError)) throw error;
          problems.push(`${ways[route]}: ${await daemon.postMortem(error.message)}`);
        }
      } catch (error) {
        if (!(error instanceof DaemonCommandError)) throw error;
        problems.push(`${ways[route]}: ${error.message}`);
      }
    }
    throw new DaemonCommandError(
      `the daemon ${this.#words.join(' ')} does not speak FUSE here; keep it in the foreground (often -f), and see ` +
        `docs/daemons.md.\n${problems.join('\n')}`,
    );
  }

  /** Ends the daemon and removes its directories. */
  async close(): Promise<void> {
    await this.#daemon?.end();
    this.#daemon = undefined;
    this.#workshop.remove();
  }
}

const ways: Readonly<Record<Route, string>> = {
  descriptor: 'with /dev/fd/3 as its mount point',
  fusermount: 'with -o auto_unmount and a stand-in for fusermount',
};

/** The handshake, with a daemon that is not used afterwards. @throws {DaemonError} */
function sayInit(daemon: Daemon): void {
  const server = new SocketServer(daemon.fd, { patience: 0, send: () => 0 });
  const length = IN_HEADER_SIZE + fuse_init_in.size;
  const message = new Message(length);
  writeInHeader(message, length, opcodes.INIT.code, 2, 0, 0, 0, 0);
  fuse_init_in.write(message, IN_HEADER_SIZE, {
    major: 7,
    minor: 45,
    max_readahead: 0,
    flags: OFFERED,
    flags2: 0,
  });
  server.receive(message, length);
}
