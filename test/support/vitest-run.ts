import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const project = fileURLToPath(new URL('./vitest-project', import.meta.url));
const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');

export interface ProjectRun {
  readonly code: number | string | null;
  readonly output: string;
  /** By the test's name: its status, and the messages of its failures. */
  readonly tests: ReadonlyMap<string, { readonly status: string; readonly messages: string }>;
  /** What failed a whole file. */
  readonly fileMessages: string;
}

interface JsonReport {
  readonly testResults: readonly {
    readonly message: string;
    readonly assertionResults: readonly {
      readonly title: string;
      readonly status: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

/** Runs files of test/support/vitest-project in a vitest of their own; `wrapper` is a command that runs it. */
export async function runProject(
  args: readonly string[],
  { env = {}, wrapper = [] }: { readonly env?: Record<string, string>; readonly wrapper?: readonly string[] } = {},
): Promise<ProjectRun> {
  const scratch = mkdtempSync(join(tmpdir(), 'estale-vitest-'));
  const report = join(scratch, 'report.json');
  const own = Object.entries(process.env).filter(([name]) => !/^(VITEST|ESTALE_|CI$|NODE_ENV$)/.test(name));
  const command = [...wrapper, process.execPath, vitest, 'run', ...args];
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  try {
    const child = spawn(command[0], [...command.slice(1), ...reporters], {
      cwd: project,
      env: { ...Object.fromEntries(own), NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const bound = setTimeout(() => child.kill('SIGKILL'), 100_000);
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    const code = await new Promise<number | string | null>((resolve) => {
      child.once('close', (status, signal) => resolve(signal ?? status));
    });
    clearTimeout(bound);
    const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as JsonReport;
    const tests = testResults.flatMap(({ assertionResults }) =>
      assertionResults.map(
        ({ title, status, failureMessages = [] }) => [title, { status, messages: failureMessages.join('\n') }] as const,
      ),
    );
    return { code, output, tests: new Map(tests), fileMessages: testResults.map(({ message }) => message).join('\n') };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
