import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

// The C sources stay in src; the programs go beside the compiled benchmark.
const root = new URL('../../../', import.meta.url);
const folderIn = (tree: 'src' | 'dist', bench: string): string =>
  fileURLToPath(new URL(`${tree}/bench/${bench}/`, root));

/** Compiles one of a benchmark's C programs; undefined, with the reason on standard error, where it cannot be. */
export function compileProgram(name: string, library?: string, bench = 'device'): string | undefined {
  const source = join(folderIn('src', bench), `${name}.c`);
  const output = folderIn('dist', bench);
  const program = join(output, name);
  if (existsSync(program) && statSync(program).mtimeMs > statSync(source).mtimeMs) return program;
  mkdirSync(output, { recursive: true });
  const flags = library === undefined ? [] : packageFlags(library);
  if (flags === undefined) return undefined;
  const result = spawnSync('cc', ['-O2', '-o', program, source, ...flags], { encoding: 'utf8' });
  if (result.status === 0) return program;
  console.error(`cannot compile ${name}.c: ${result.error?.message ?? result.stderr}`);
  return undefined;
}

function packageFlags(library: string): string[] | undefined {
  const result = spawnSync('pkg-config', ['--cflags', '--libs', library], { encoding: 'utf8' });
  if (result.status === 0) return result.stdout.trim().split(/\s+/);
  console.error(`pkg-config knows no ${library} (Debian: apt-get install libfuse3-dev pkg-config)`);
  return undefined;
}
