import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { within } from '../device/within.ts';
import { DaemonCommandError, fillIn } from './command.ts';
import { asRoot } from './credentials.ts';
import { serveFusermount, withStandIn, writeStandIn } from './fusermount.ts';
import { type SocketPair, socketPair } from './socket-pair.ts';
import type { Workshop } from './workshop.ts';

/**
 * How a daemon gets its end of the link. `descriptor`: it speaks on descriptor 3, which is its mount point, `/dev/fd/3`.
 * `fusermount`: it asks for a mount as users do, and the stand-in of fusermount gives it the descriptor.
 */
export type Route = 'descriptor' | 'fusermount';

/** Where the descriptor is in the daemon. */
const DESCRIPTOR = '/dev/fd/3';
/** How long a daemon may take to ask for its descriptor, and to end when its link has ended, milliseconds. */
const ASK_LIMIT = 10_000;
const END_LIMIT = 2000;
const LOG_LINES = 8;

/** Daemons that run, killed when this process exits; where it is killed, the end of their link ends them. */
const running = new Set<ChildProcess>();

function killAll(): void {
  for (const child of running) kill(child);
}

/** Kills a daemon and what it started. */
function kill({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

/** A daemon that runs, in a session of its own, where a Ctrl-C for this process does not reach it. */
export class Daemon {
  /** Our end of the link. */
  readonly fd: number;
  readonly largestMessage: number;
  readonly #child: ChildProcess;
  readonly #log: string;
  readonly #ended: Promise<void>;
  #how = '';
  #open = true;

  private constructor(child: ChildProcess, { ours, largestMessage }: SocketPair, log: string) {
    this.fd = ours;
    this.largestMessage = largestMessage;
    this.#child = child;
    this.#log = log;
    if (running.size === 0) process.on('exit', killAll);
    running.add(child);
    this.#ended = new Promise((resolve) => {
      const end = (how: string): void => {
        this.#how = how;
        running.delete(child);
        if (running.size === 0) process.off('exit', killAll);
        resolve();
      };
      child.once('error', (error) => end(`could not be run (${error.message})`));
      child.once('exit', (code, signal) => end(signal === null ? `ended with exit code ${code}` : `died of ${signal}`));
    });
  }

  /**
   * Starts a daemon in its workshop; it has its link when this resolves.
   *
   * @throws {DaemonCommandError} with its last words, where it does not ask for its link
   */
  static async start(words: readonly string[], route: Route, workshop: Workshop): Promise<Daemon> {
    const pair = socketPair();
    const log = openSync(workshop.log, 'w+');
    try {
      switch (route) {
        case 'descriptor': {
          const command = [...asRoot(), ...fillIn(words, DESCRIPTOR, workshop.backing)];
          return new Daemon(run(command, process.env, [log, log, pair.theirs], workshop), pair, workshop.log);
        }
        case 'fusermount': {
          const { environment, paths } = writeStandIn(workshop);
          const command = [...fillIn(words, workshop.mountPoint, workshop.backing), '-o', 'auto_unmount'];
          const child = run([...withStandIn(paths), ...command], environment, [log, log, 'ignore', 'pipe'], workshop);
          const daemon = new Daemon(child, pair, workshop.log);
          const asked = serveFusermount(child, pair.theirs).catch((error: Error) => error);
          const answer = await within(ASK_LIMIT, Promise.race([asked, daemon.#ended.then(() => false)]));
          if (answer === true) return daemon;
          const problem = answer instanceof Error ? answer.message : 'the daemon asked for no mount';
          throw new DaemonCommandError(await daemon.postMortem(problem));
        }
      }
    } finally {
      closeSync(log);
      closeSync(pair.theirs);
    }
  }

  /** What went wrong, with how the daemon ended, if it has or does within `patience` milliseconds, and its last words. It is ended. */
  async postMortem(problem: string, patience = END_LIMIT): Promise<string> {
    const ended = (await within(patience, this.#ended)) === undefined;
    const what = ended ? `${problem}: it ${this.#how}` : problem;
    const text = this.#withLastWords(what);
    await this.end();
    return text;
  }

  #withLastWords(problem: string): string {
    const lines = readFileSync(this.#log, 'utf8').trimEnd().split('\n').slice(-LOG_LINES);
    const words = lines.map((line) => `  ${line}`).join('\n');
    return words.trim() === '' ? problem : `${problem}; its last words:\n${words}`;
  }

  /** Ends the link, upon which daemons end; one that does not is killed. */
  async end(): Promise<void> {
    if (this.#open) closeSync(this.fd);
    this.#open = false;
    this.#child.stdio[3]?.destroy();
    this.#child.stdio[4]?.destroy();
    if ((await within(END_LIMIT, this.#ended)) === 'late') kill(this.#child);
    await this.#ended;
    rmSync(this.#log, { force: true });
  }
}

type Stdio = readonly (number | 'ignore' | 'pipe')[];

function run(words: readonly string[], env: NodeJS.ProcessEnv, rest: Stdio, workshop: Workshop): ChildProcess {
  const [program, ...args] = words;
  return spawn(program, args, { cwd: workshop.home, env, detached: true, stdio: ['ignore', ...rest] });
}
