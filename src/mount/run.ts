import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type FaultPlan, type InjectedFault, showInjected, showUnfired } from '../fault/index.ts';
import type { FileSystemModule } from '../fuse/device/index.ts';
import type { RecordSettings } from '../trace/record/recording.ts';
import { didYouMean } from '../vfs/index.ts';
import { MountError } from './error.ts';
import type { MountFaults } from './faults/mount-faults.ts';
import { describeReport, type Mounted, type MountSettings, mount } from './mount.ts';
import { parseMountOptions } from './options.ts';

/** A filesystem that a command line can name. */
export interface MountableFileSystem {
  /** URL of the module, and the factory's name among its exports. */
  readonly module: string;
  readonly exportName: string;
  /** The option that the text behind a colon sets, as in `loopback:DIR`; a path is made absolute. */
  readonly argument?: { readonly option: string; readonly kind: 'directory' | 'file' | 'text' };
}

export type Registry = Readonly<Record<string, MountableFileSystem>>;

/** How requests reach the filesystem: `device` is /dev/fuse itself, `libfuse` the portable library. */
export type MountChannel = 'device' | 'libfuse';
type MountFunction = (source: FileSystemModule, dir: string, settings: MountSettings) => Promise<Mounted>;
export type Channels = Readonly<Partial<Record<MountChannel, MountFunction>>>;

export interface MountCommand {
  /** A name of the registry, with `:ARGUMENT` where it takes one, or the path of a module (`./mine.js`). */
  readonly filesystem: string;
  readonly directory: string;
  /** As `-o` takes them. */
  readonly options?: string;
  readonly channel?: MountChannel;
  readonly record?: RecordSettings;
  readonly registry: Registry;
  readonly channels?: Channels;
  readonly faults?: FaultPlan;
  /** Tell every fault. */
  readonly verbose?: boolean;
  /** One line for the user on standard output, or on standard error. */
  readonly print: (line: string) => void;
  readonly complain: (line: string) => void;
}

/**
 * Mounts in the foreground until somebody unmounts, SIGINT, SIGTERM or SIGHUP. Gives the exit code: 0 after an unmount, 1 if
 * it could not be mounted or ended otherwise, 2 if the command is wrong.
 */
export async function runMount(command: MountCommand): Promise<number> {
  const { print, complain } = command;
  const report = (message: string, error?: Error) => complain(describeReport(message, error));
  let stopped = false;
  const stop = () => {
    if (stopped) process.exit(1);
    stopped = true;
  };
  // With a listener of ours the signal ends the mount, not the process, so that there is an exit code to give. The second
  // one does not wait.
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, stop);
  try {
    const source = resolveFileSystem(command.filesystem, command.registry);
    const settings = {
      ...parseMountOptions(command.options ?? ''),
      report,
      record: command.record,
      faults: command.faults,
      onFault: command.verbose ? (fault: InjectedFault) => print(showInjected(fault)) : undefined,
    };
    const mounted = await mountFunction(command)(source, command.directory, settings);
    if (stopped) await mounted.unmount();
    else print(`${mounted.filesystem} is mounted on ${mounted.directory}; Ctrl-C or umount ends it`);
    const closed = await mounted.closed;
    if (mounted.faults !== undefined) tellFaults(mounted.faults, print);
    if (closed.reason === 'unmounted') return 0;
    complain(
      `estale: ${mounted.directory}: ${closed.reason === 'failed' ? closed.error.stack : 'the connection was aborted'}`,
    );
    return 1;
  } catch (error) {
    if (!(error instanceof MountError)) throw error;
    complain(`estale: ${error.message}`);
    return isUsageError(error) ? 2 : 1;
  } finally {
    for (const signal of signals) process.off(signal, stop);
  }
}

/** Whether the command was wrong, and not the system that it met. */
export function isUsageError({ code }: MountError): boolean {
  return code === 'bad-option' || code === 'unknown-filesystem' || code === 'trace-file';
}

/** How many faults there were, and which rules caused none. */
export function tellFaults(faults: MountFaults, print: (line: string) => void): void {
  const reports = faults.report();
  const injected = reports.reduce((sum, report) => sum + report.injected, 0);
  print(`${injected} faults injected`);
  for (const line of showUnfired(reports)) print(line);
}

function mountFunction(command: MountCommand): MountFunction {
  const channels: Channels = { device: mount, ...command.channels };
  const channel = command.channel ?? 'device';
  const chosen = channels[channel];
  if (chosen) return chosen;
  throw new MountError('bad-option', `channel "${channel}" is not here; there are: ${Object.keys(channels).join(' ')}`);
}

/**
 * The module that a name or a path means.
 *
 * @throws MountError `unknown-filesystem`, with the nearest name
 */
export function resolveFileSystem(text: string, registry: Registry): FileSystemModule {
  if (/^[./]/.test(text) || /\.[cm]?js$/.test(text)) {
    const path = resolve(text);
    if (!existsSync(path)) throw new MountError('unknown-filesystem', `${text}: no such module`);
    return { module: pathToFileURL(path).href };
  }
  const colon = text.indexOf(':');
  const name = colon < 0 ? text : text.slice(0, colon);
  const argument = colon < 0 ? undefined : text.slice(colon + 1);
  const found = Object.hasOwn(registry, name) ? registry[name] : undefined;
  if (found === undefined) {
    const names = Object.keys(registry);
    throw new MountError(
      'unknown-filesystem',
      `unknown filesystem "${name}"${didYouMean(name, names)}; there are: ${names.join(' ')}, or the path of a module (./mine.js)`,
    );
  }
  return { module: found.module, exportName: found.exportName, options: argumentOptions(name, argument, found) };
}

function argumentOptions(
  name: string,
  argument: string | undefined,
  found: MountableFileSystem,
): Record<string, string> {
  if (found.argument === undefined) {
    if (argument === undefined) return {};
    throw new MountError('unknown-filesystem', `filesystem "${name}" takes no argument, given "${argument}"`);
  }
  const { option, kind } = found.argument;
  if (argument === undefined || argument === '') {
    throw new MountError('unknown-filesystem', `filesystem "${name}" needs a ${kind}: ${name}:${option.toUpperCase()}`);
  }
  return { [option]: kind === 'text' ? argument : resolve(argument) };
}
