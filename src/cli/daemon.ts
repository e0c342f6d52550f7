import type { ParseArgsConfig } from 'node:util';
import { type DaemonRestart, type DaemonTargetOptions, daemonTarget } from '../check/index.ts';
import { type DaemonCommand, DaemonCommandError, DaemonSource } from '../fuse/socket/index.ts';
import { parseMountOptions } from '../mount/index.ts';
import { tellProblem } from './progress.ts';
import type { OpenTarget } from './targets.ts';
import { UsageError } from './usage.ts';

/** The options that choose a foreign daemon as the target. */
export const daemonOptions = {
  daemon: { type: 'string' },
  'daemon-setup': { type: 'string' },
  'daemon-restart': { type: 'string' },
  options: { type: 'string', short: 'o', multiple: true },
} as const satisfies ParseArgsConfig['options'];

export const daemonHelp = `  --daemon CMD      a FUSE daemon as the target, unmodified and without a mount: its command line with {fuse} where the
                    mount point stands, and {backing} where it takes an empty directory. It runs in a directory of its
                    own, with copies of what it names here
  --daemon-setup C  a shell command that makes what the daemon starts from, in that directory
  --daemon-restart  always: a daemon for each program (default); needed: one goes on as long as it can be emptied
  -o OPTIONS        how the daemon is mounted: allow_other (users are checked; default: if the command says it),
                    no_default_permissions,ro,max_read=N,max_write=N,direct_io`;

export interface DaemonValues {
  readonly daemon?: string;
  readonly 'daemon-setup'?: string;
  readonly 'daemon-restart'?: string;
  readonly options?: readonly string[];
}

/** The daemon that the options mean; undefined where they mean none. @throws UsageError that says what goes with what */
export function daemonNamed(command: string, values: DaemonValues): OpenTarget | undefined {
  const { daemon, 'daemon-setup': setup, 'daemon-restart': restart, options } = values;
  if (daemon === undefined) {
    refuseWithoutDaemon(command, { 'daemon-setup': setup, 'daemon-restart': restart, options });
    return undefined;
  }
  return openDaemon({ command: daemon, setup, options: options?.join(',') }, restart);
}

/** @throws UsageError where one of the options, which mean nothing without --daemon, is given */
export function refuseWithoutDaemon(command: string, options: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(options))
    if (value !== undefined) throw new UsageError(`${command}: --${name} goes with --daemon`);
}

/** The target that a daemon is, as seen from the working directory. @throws UsageError that says what is wrong with it */
export function openDaemon(daemon: DaemonCommand, restart = 'always'): OpenTarget {
  const { command, setup, options } = daemon;
  if (!isRestart(restart)) throw new UsageError(`--daemon-restart: expected always or needed, given "${restart}"`);
  try {
    const target = daemonTarget(command, {
      setup,
      restart,
      directory: process.cwd(),
      ...(options === undefined ? {} : mountedBy(options)),
      report: tellProblem,
    });
    return { target: { ...target, daemon }, probe: true, close: () => target.close() };
  } catch (error) {
    if (error instanceof DaemonCommandError) throw new UsageError(error.message);
    throw error;
  }
}

/** A daemon as seen from the working directory. @throws UsageError that says what is wrong with its command */
export function daemonSource(command: string, setup: string | undefined): DaemonSource {
  try {
    return new DaemonSource({ command, setup }, process.cwd());
  } catch (error) {
    if (error instanceof DaemonCommandError) throw new UsageError(error.message);
    throw error;
  }
}

const isRestart = (text: string): text is DaemonRestart => text === 'always' || text === 'needed';

const taken: ReadonlySet<string> = new Set([
  'allowOther',
  'defaultPermissions',
  'readOnly',
  'maxRead',
  'maxWrite',
  'directIo',
]);

/** @throws UsageError where an option is not the kernel's to choose */
function mountedBy(text: string): Pick<DaemonTargetOptions, 'mount' | 'allowOther'> {
  const parsed = attempt(() => parseMountOptions(text));
  const other = Object.keys(parsed).find((name) => !taken.has(name));
  if (other !== undefined)
    throw new UsageError(
      `-o ${text}: with --daemon expected allow_other, default_permissions, no_default_permissions, ro, rw, max_read=N, max_write=N ` +
        'or direct_io; the daemon decides the rest by its own options',
    );
  const { allowOther, ...mount } = parsed;
  return { allowOther, mount: Object.keys(mount).length === 0 ? undefined : mount };
}

function attempt<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new UsageError(`-o: ${error instanceof Error ? error.message : String(error)}`);
  }
}
