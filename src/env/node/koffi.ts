import { createRequire } from 'node:module';

type Koffi = typeof import('koffi');

const architectures: readonly string[] = ['x64', 'arm64', 'riscv64', 'loong64'];

/**
 * The package koffi, which calls functions of the C library; optional, and loaded when it is asked for only. `what` needs it.
 *
 * @throws an Error that says what is missing
 */
export function loadKoffi(what: string): Koffi {
  if (process.platform !== 'linux' || !architectures.includes(process.arch))
    throw new Error(`${what}: expected 64-bit Linux, given ${process.platform} on ${process.arch}`);
  try {
    return createRequire(import.meta.url)('koffi');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `${what}: expected the package koffi for system calls (npm install koffi), but it cannot be loaded: ${reason}`,
    );
  }
}
