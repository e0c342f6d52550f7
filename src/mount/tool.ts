import { spawn, spawnSync } from 'node:child_process';
import { MountError } from './error.ts';

export interface ToolResult {
  /** 0 is success; null when it was killed. */
  readonly status: number | null;
  readonly output: string;
}

interface ToolOptions {
  /** Milliseconds after which the tool is killed. */
  readonly timeout: number;
  /** Becomes descriptor 3 of the tool. */
  readonly descriptor?: number;
}

const environment = () => ({ ...process.env, LC_ALL: 'C' });

/** Runs a system tool in a session of its own, so that a Ctrl-C for this process does not stop it half-way. */
export function runTool(command: string, args: readonly string[], options: ToolOptions): Promise<ToolResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe', options.descriptor ?? 'ignore'],
      env: environment(),
      cwd: '/',
      detached: true,
      timeout: options.timeout,
      killSignal: 'SIGKILL',
    });
    let output = '';
    const take = (data: Buffer) => {
      output += data.toString();
    };
    child.stdout?.on('data', take);
    child.stderr?.on('data', take);
    child.on('error', (error) => reject(toolError(command, error)));
    child.on('close', (status) => resolve({ status, output: output.trim() }));
  });
}

/** The same where nothing may wait for the event loop: while the process exits. */
export function runToolNow(command: string, args: readonly string[], timeout: number): ToolResult {
  const result = spawnSync(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: environment(),
    cwd: '/',
    encoding: 'utf8',
    timeout,
    killSignal: 'SIGKILL',
  });
  return { status: result.status, output: `${result.stdout ?? ''}${result.stderr ?? ''}`.trim() };
}

function toolError(command: string, error: Error): MountError {
  return new MountError(
    'no-tool',
    `cannot run ${command}: ${error.message}; it comes with the package util-linux (Debian: "mount"), stat with coreutils`,
    { cause: error },
  );
}
