import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { type FaultPlan, type InjectedFault, showInjected } from '../fault/index.ts';
import type { DaemonSource } from '../fuse/socket/index.ts';
import type { WriterMessage } from '../trace/record/writer.ts';
import { MountError } from './error.ts';
import { describeReport, type MountSettings, mount, mountDaemon } from './mount.ts';
import { parseMountOptions } from './options.ts';
import { isUsageError, type Registry, resolveFileSystem, tellFaults } from './run.ts';

export interface RecordCommand {
  /** As `MountCommand` has them. */
  readonly filesystem: string;
  /** A foreign daemon in its place; `filesystem` is only its name then. */
  readonly daemon?: DaemonSource;
  readonly directory: string;
  readonly options?: string;
  readonly registry: Registry;
  /** The program and its arguments; it runs where this process runs, with its standard streams. */
  readonly command: readonly string[];
  /** The trace file, and whether to write over one. */
  readonly file: string;
  readonly force: boolean;
  readonly faults?: FaultPlan;
  /** Tell every fault. */
  readonly verbose?: boolean;
  /** One line for the user on standard error. */
  readonly complain: (line: string) => void;
}

/** Exit codes of what is not the command's doing, as in env(1) and timeout(1). */
const failedHere = 125;
const cannotRun = 126;
const notFound = 127;

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Mounts, runs a command, unmounts, and leaves a trace of all that passed. Gives the command's exit code, 128 and the number
 * of the signal that ended it, 126 or 127 if it cannot be run or found, 125 if it could not be mounted or recorded, 2 if what
 * was asked for is wrong.
 */
export async function runRecorded(command: RecordCommand): Promise<number> {
  const { complain, file } = command;
  let child: ChildProcess | undefined;
  let stopped = false;
  const onSignal = (signal: (typeof signals)[number]) => {
    stopped = true;
    // From a terminal the command gets it too.
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child?.kill(signal);
  };
  for (const signal of signals) process.on(signal, onSignal);
  try {
    const settings: MountSettings = {
      ...parseMountOptions(command.options ?? ''),
      report: (message, error) => complain(describeReport(message, error)),
      record: { file, force: command.force, target: command.filesystem },
      ignoreSignals: true,
      faults: command.faults,
      onFault: command.verbose ? (fault: InjectedFault) => complain(showInjected(fault)) : undefined,
    };
    const mounted = await (command.daemon === undefined
      ? mount(resolveFileSystem(command.filesystem, command.registry), command.directory, settings)
      : mountDaemon(command.daemon, command.directory, settings));
    let code = failedHere;
    try {
      if (!stopped) code = await runCommand(command, (started) => (child = started));
    } finally {
      child = undefined;
      const closed = await mounted.unmount();
      if (closed.reason === 'failed') complain(`estale: ${mounted.directory}: ${closed.error.stack}`);
    }
    if (mounted.faults !== undefined) tellFaults(mounted.faults, (line) => complain(`estale: ${line}`));
    const recorded: WriterMessage | undefined = await mounted.recorded;
    if (recorded?.kind !== 'written') return failedHere;
    const { requests, replies } = mounted.statistics();
    complain(`estale: ${requests + replies} messages in ${recorded.bytes} bytes: ${file}`);
    return code;
  } catch (error) {
    if (!(error instanceof MountError)) throw error;
    complain(`estale: ${error.message}`);
    return isUsageError(error) ? 2 : failedHere;
  } finally {
    for (const signal of signals) process.off(signal, onSignal);
  }
}

/** Runs the command to its end; gives its exit code. */
function runCommand({ command, complain }: RecordCommand, started: (child: ChildProcess) => void): Promise<number> {
  const [program, ...args] = command;
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: 'inherit' });
    started(child);
    child.once('error', (error: NodeJS.ErrnoException) => {
      complain(`estale: ${program}: ${error.code === 'ENOENT' ? 'no such command' : error.message}`);
      resolve(error.code === 'ENOENT' ? notFound : cannotRun);
    });
    child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal as NodeJS.Signals]));
  });
}
