import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../bin/estale.js', import.meta.url));

export interface CliResult {
  /** Exit code, or the signal that ended it. */
  readonly code: number | string | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliProcess {
  readonly child: ChildProcess;
  /** Standard output so far. */
  readonly output: () => string;
  readonly ended: Promise<CliResult>;
}

/** Starts the compiled command line as a process, killed after a minute. */
export function startCli(args: readonly string[], cwd?: string): CliProcess {
  const child = spawn(process.execPath, [program, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const bound = setTimeout(() => child.kill('SIGKILL'), 60_000);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<CliResult>((resolve) => {
    child.once('close', (code, signal) => {
      clearTimeout(bound);
      resolve({ code: signal ?? code, stdout, stderr });
    });
  });
  return { child, output: () => stdout, ended };
}

/** Runs the compiled command line to its end. */
export const runCli = (args: readonly string[], cwd?: string): Promise<CliResult> => startCli(args, cwd).ended;
