import { DaemonSource, isRoot } from '../../fuse/socket/index.ts';
import type { ModelOptions } from '../../model/index.ts';
import type { LinkHook, MountOptions } from '../../sim/kernel/index.ts';
import type { Kernel } from '../../vfs/index.ts';
import type { Draw } from '../arbitrary/draw.ts';
import type { FaultRun, RunFaults } from '../faults/run.ts';
import type { Capability, Without } from '../profile.ts';
import { oncePerProblem, type ProblemReport, reportOnStandardError } from '../reporter.ts';
import type { Settings, Target } from '../target.ts';
import type { ReusingTarget } from '../targets.ts';
import { daemonSupport } from './faults.ts';
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
  // Who has a hook on the link has it for himself.
  const faults: Pick<Target, 'faultsOf' | 'faultSupport'> =
    options.link === undefined ? { faultsOf: (kernel) => mounts.faultsOf(kernel), faultSupport: daemonSupport } : {};
  const isolated: Target = {
    ...traits,
    ...faults,
    start: (trace, settings, under) => mounts.mount(trace, settings, under),
  };
  const close = () => mounts.close();
  if (restart === 'needed')
    return { ...isolated, isolated, start: (trace, settings, under) => mounts.reuse(trace, settings, under), close };
  return mount === undefined ? { ...isolated, settings: drawMount, notUnder, close } : { ...isolated, close };
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
  async mount(
    trace: ((line: string) => void) | undefined,
    settings: Settings | undefined,
    faults?: RunFaults,
  ): Promise<DaemonKernel> {
    this.#kept = undefined;
    const { mount, link, fileSizeLimit = FILE_SIZE_LIMIT } = this.#options;
    return await DaemonKernel.mount(await this.#source.start(), {
      mount: { ...settings, ...mount },
      patience: this.#patience,
      fileSizeLimit,
      trace,
      link,
      faults,
      // Messages are wrong because faults make them so.
      report: faults === undefined ? this.#report : () => {},
      onSilence: () => {
        this.#patience = Math.min(this.#patience, SHORT_PATIENCE);
      },
    });
  }

  faultsOf(kernel: Kernel): FaultRun | undefined {
    return kernel instanceof DaemonKernel ? kernel.faults : undefined;
  }

  /** The last kernel, where it could be emptied. */
  async reuse(
    trace: ((line: string) => void) | undefined,
    settings: Settings | undefined,
    faults?: RunFaults,
  ): Promise<Kernel> {
    // What faults have done to a daemon stays with it.
    if (trace !== undefined || settings !== undefined || faults !== undefined)
      return await this.mount(trace, settings, faults);
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

/** Shared mappings of files that are read directly are the daemon's choice (DIRECT_IO_ALLOW_MMAP), which is not looked at. */
const notUnder = ({ directIo }: Settings): readonly Capability[] => (directIo ? ['mmap-shared'] : []);

/** How it is mounted must not show in what programs see; the rest is the daemon's choice. */
function drawMount(draw: Draw): Settings | undefined {
  if (draw.chance(50)) return undefined;
  const settings: Record<string, number | boolean> = {};
  if (draw.chance(30)) settings.directIo = true;
  if (draw.chance(15)) settings.maxWrite = 4096;
  if (draw.chance(15)) settings.maxRead = 4096;
  return settings;
}
