import { DaemonSource, isRoot } from '../../fuse/socket/index.ts';
import type { ModelOptions } from '../../model/index.ts';
import type { LinkHook, MountOptions } from '../../sim/kernel/index.ts';
import type { Kernel } from '../../vfs/index.ts';
import type { Draw } from '../arbitrary/draw.ts';
import type { Without } from '../profile.ts';
import { oncePerProblem, type ProblemReport, reportOnStandardError } from '../reporter.ts';
import type { Settings, Target } from '../target.ts';
import type { ReusingTarget } from '../targets.ts';
import { DaemonKernel } from './kernel.ts';

/** Milliseconds that one request may take; less when one took as long, so that shrinking it comes to an end. */
const PATIENCE = 10_000;
const SHORT_PATIENCE = 1000;
/** Bytes: what lies behind a daemon has limits of its own, which with write-back show late. */
const FILE_SIZE_LIMIT = 2 ** 30;

/** What no daemon can do without root. */
const beyondUsers = ['ownership', 'special'] as const;

/** Daemons read the files behind them when they look up, write to a part of a block or are told to read ahead. */
const readsByItself: ModelOptions['ignore'] = new Set(['access-times']);

/** How often a daemon is started. `always`: for each program. `needed`: when what programs left cannot be removed through it. */
export type DaemonRestart = 'always' | 'needed';

export interface DaemonTargetOptions {
  /** A shell command that makes what the daemon starts from, in the directory in which it will run. */
  readonly setup?: string;
  /** Default `always`. */
  readonly restart?: DaemonRestart;
  /** Where the command's relative paths are seen from. */
  readonly directory: string;
  /** Capabilities that it does not have. */
  readonly without?: Iterable<string>;
  readonly model?: ModelOptions;
  /** Bytes beyond which no file may grow (RLIMIT_FSIZE); 1 GiB unless given. */
  readonly fileSizeLimit?: number;
  /** How the simulated kernel mounts it; `defaultPermissions` is true unless given. Without these they are drawn. */
  readonly mount?: MountOptions;
  /**
   * Whether users other than the daemon's own come in at all. Default: whether the command says so; many daemons take it as
   * a reason to look after owners.
   */
  readonly allowOther?: boolean;
  /** Milliseconds that one request may take; 10,000 unless given. */
  readonly patience?: number;
  /** What stands between the kernel and the daemon: faults. */
  readonly link?: LinkHook;
  /** Takes what is wrong with the daemon's messages. Default: standard error. */
  readonly report?: ProblemReport;
}

/**
 * Any FUSE daemon, unmodified, in front of the simulated kernel, without a mount: see docs/daemons.md. Close it when done.
 *
 * @throws {DaemonCommandError} that says what is wrong with the command
 * @example daemonTarget('gocryptfs -fg -passfile pw store {fuse}', { setup: '...', directory: '.' })
 */
export function daemonTarget(command: string, options: DaemonTargetOptions): ReusingTarget {
  const { setup, directory, restart = 'always', without = [], model, mount } = options;
  const users = isRoot() && (options.allowOther ?? command.includes('allow_other'));
  const daemon = setup === undefined ? { command } : { command, setup };
  const mounts = new Mounts(new DaemonSource(daemon, directory), options);
  const traits = {
    name: `daemon:${command}`,
    without: new Set([...without, ...(users ? [] : ['permissions']), ...(isRoot() ? [] : beyondUsers)]) as Without,
    model: { fileSizeLimit: options.fileSizeLimit ?? FILE_SIZE_LIMIT, ignore: readsByItself, ...model },
    concurrencyClass: 'serialised',
    daemon,
  } as const;
  const isolated: Target = { ...traits, start: (trace, settings) => mounts.mount(trace, settings) };
  const close = () => mounts.close();
  if (restart === 'needed')
    return { ...traits, isolated, start: (trace, settings) => mounts.reuse(trace, settings), close };
  return mount === undefined ? { ...isolated, settings: drawMount, close } : { ...isolated, close };
}

/** The kernels in front of one daemon after the other. */
class Mounts {
  readonly #source: DaemonSource;
  readonly #options: DaemonTargetOptions;
  readonly #report: ProblemReport;
  #patience: number;
  /** One that is empty, and may be used again. */
  #kept: DaemonKernel | undefined;

  constructor(source: DaemonSource, options: DaemonTargetOptions) {
    this.#source = source;
    this.#options = options;
    this.#report = oncePerProblem(options.report ?? reportOnStandardError);
    this.#patience = options.patience ?? PATIENCE;
  }

  /** A kernel in front of a daemon of its own. */
  async mount(trace: ((line: string) => void) | undefined, settings: Settings | undefined): Promise<DaemonKernel> {
    this.#kept = undefined;
    const { mount, link, fileSizeLimit = FILE_SIZE_LIMIT } = this.#options;
    return await DaemonKernel.mount(await this.#source.start(), {
      mount: { ...settings, ...mount },
      patience: this.#patience,
      fileSizeLimit,
      trace,
      link,
      report: this.#report,
      onSilence: () => {
        this.#patience = Math.min(this.#patience, SHORT_PATIENCE);
      },
    });
  }

  /** The last kernel, where it could be emptied. */
  async reuse(trace: ((line: string) => void) | undefined, settings: Settings | undefined): Promise<Kernel> {
    if (trace !== undefined || settings !== undefined) return await this.mount(trace, settings);
    const kernel = this.#kept ?? (await this.mount(trace, settings));
    this.#kept = undefined;
    return {
      name: kernel.name,
      timeSlack: kernel.timeSlack,
      spawn: (pid, credentials, umask) => kernel.spawn(pid, credentials, umask),
      call: (pid, call) => kernel.call(pid, call),
      now: () => kernel.now(),
      close: async () => {
        if (await kernel.reset()) this.#kept = kernel;
        else await kernel.close();
      },
    };
  }

  async close(): Promise<void> {
    await this.#source.close();
  }
}

/** How it is mounted must not show in what programs see; the rest is the daemon's choice. */
function drawMount(draw: Draw): Settings | undefined {
  if (draw.chance(50)) return undefined;
  const settings: Record<string, number | boolean> = {};
  if (draw.chance(30)) settings.directIo = true;
  if (draw.chance(15)) settings.maxWrite = 4096;
  if (draw.chance(15)) settings.maxRead = 4096;
  return settings;
}
