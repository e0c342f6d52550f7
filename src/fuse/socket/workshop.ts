import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join, normalize } from 'node:path';
import { BACKING, DaemonCommandError, fillIn, namesIn } from './command.ts';

/** Bytes that may be copied for every daemon that is started. */
const MOST_COPIED = 1 << 26;
const SETUP_LIMIT = 60_000;

/**
 * The directories of a daemon. It runs in `home`, which is as new for each that is started: in it are copies of what the
 * command names by relative paths, what the setup command made, and `backing`, which is empty otherwise. All of it is
 * removed by `remove`, and when the process exits.
 */
export class Workshop {
  readonly #root: string;
  readonly #template: string;
  readonly home: string;
  readonly backing: string;
  /** An empty directory, a mount point for those that insist on one. */
  readonly mountPoint: string;
  readonly log: string;
  /** Where the stand-ins of fusermount are. */
  readonly standIns: string;
  readonly #onExit = (): void => this.#remove();
  #plain = true;

  /**
   * `words` is the daemon's command, seen from `directory`; `setup` is a shell command that makes what the daemon starts
   * from, once: later ones get a copy.
   *
   * @throws {DaemonCommandError} that says what is wrong with the command, or with its output what the setup ended with
   */
  constructor(words: readonly string[], setup: string | undefined, directory: string) {
    this.#root = realpathSync(mkdtempSync(join(tmpdir(), 'estale-daemon-')));
    process.once('exit', this.#onExit);
    const path = (name: string): string => join(this.#root, name);
    this.home = path('home');
    this.backing = join(this.home, 'backing');
    this.#template = path('template');
    this.mountPoint = path('mnt');
    this.log = path('log');
    this.standIns = path('bin');
    try {
      // The root of what daemons serve: as a fresh filesystem has it, whatever the umask.
      for (const made of [this.mountPoint, this.home, this.backing]) {
        mkdirSync(made);
        chmodSync(made, 0o755);
      }
      this.#copyNames(words, directory);
      if (setup !== undefined) this.#setUp(setup);
      if (this.#plain) return;
      copy('what a daemon starts from', ['-a', '--', this.home, this.#template], this.#root);
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  /** What the daemon's command names in the directory is copied, so that nothing of it is touched. */
  #copyNames(words: readonly string[], directory: string): void {
    let bytes = 0;
    for (const name of namesIn(words)) {
      const path = normalize(name);
      if (isAbsolute(name) ? isDirectory(name) : path.startsWith('..') && isDirectory(join(directory, path)))
        throw new DaemonCommandError(
          `--daemon: ${name} is a directory outside of the working directory, in which generated programs would ` +
            `change and remove files; name it from inside (it is then copied), or use ${BACKING}, an empty directory`,
        );
      if (isAbsolute(name) || path.startsWith('..') || path === '.') continue;
      if (lstatSync(join(directory, path), { throwIfNoEntry: false }) === undefined) continue;
      bytes += sizeOf(join(directory, path));
      if (bytes > MOST_COPIED)
        throw new DaemonCommandError(
          `--daemon: ${name} is copied for every daemon that is started, and has more than ${MOST_COPIED >> 20} MiB; ` +
            'let --daemon-setup make something smaller',
        );
      copy(name, ['-a', '--parents', '--', path, this.home], directory);
      this.#plain = false;
    }
  }

  #setUp(setup: string): void {
    const [command] = fillIn([setup], this.mountPoint, this.backing);
    const { status, signal, stdout, stderr } = spawnSync('/bin/sh', ['-e', '-c', command], {
      cwd: this.home,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: SETUP_LIMIT,
      killSignal: 'SIGKILL',
    });
    this.#plain = false;
    if (status === 0) return;
    const how = signal === null ? `status ${status}` : `signal ${signal} (after ${SETUP_LIMIT / 1000} s?)`;
    throw new DaemonCommandError(`--daemon-setup: ended with ${how}: ${command}\n${stdout}${stderr}`.trimEnd());
  }

  /** Makes `home` as it was in the beginning. */
  renew(): void {
    empty(this.home);
    if (this.#plain) {
      mkdirSync(this.backing);
      chmodSync(this.backing, 0o755);
    } else copy('what a daemon starts from', ['-a', '-T', '--', this.#template, this.home], this.#root);
  }

  remove(): void {
    process.off('exit', this.#onExit);
    this.#remove();
  }

  #remove(): void {
    if (!existsSync(this.#root)) return;
    empty(this.#root);
    rmSync(this.#root, { recursive: true, force: true });
  }
}

const isDirectory = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

function sizeOf(path: string): number {
  const stat = lstatSync(path);
  if (!stat.isDirectory()) return stat.size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}

function copy(what: string, args: readonly string[], cwd: string): void {
  const { status, stderr, error } = spawnSync('cp', args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (status !== 0) throw new DaemonCommandError(`--daemon: ${what} cannot be copied: ${error?.message ?? stderr}`);
}

/** Removes what is in a directory; directories may have lost the permissions that this takes. */
function empty(directory: string): void {
  for (const name of readdirSync(directory)) {
    const path = join(directory, name);
    try {
      rmSync(path, { recursive: true, force: true });
    } catch {
      permit(path);
      rmSync(path, { recursive: true, force: true });
    }
  }
}

function permit(path: string): void {
  if (!lstatSync(path).isDirectory()) return;
  chmodSync(path, 0o700);
  for (const name of readdirSync(path)) permit(join(path, name));
}
