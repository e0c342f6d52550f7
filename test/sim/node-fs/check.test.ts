import host, { mkdtempSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FsKernel } from '../../../src/check/fs-kernel/index.ts';
import { check, freshTarget, type Program, replay, type Target } from '../../../src/check/index.ts';
import { COARSE_CLOCK_SLACK } from '../../../src/check/time-of-day-clock.ts';
import { ram } from '../../../src/filesystems/index.ts';
import { simulate, simulatedFs } from '../../../src/sim/index.ts';
import type { Kernel, Timespec } from '../../../src/vfs/index.ts';
import { able } from './oracle.ts';

/** FsKernel applies the umask of its processes itself. */
let umask: number;
beforeAll(() => {
  umask = process.umask(0);
});
afterAll(() => {
  process.umask(umask);
});

/** Several system calls make one function: a stamp may be a little older than the function, on the host by its clock as well. */
const timeSlack = COARSE_CLOCK_SLACK;

function onSimulator(): Kernel {
  const kernel = simulate(ram);
  return new FsKernel(simulatedFs(kernel, { umask: 0 }), { clock: kernel, timeSlack });
}

const now = (): Timespec => {
  const milliseconds = Date.now();
  return { sec: Math.floor(milliseconds / 1000), nsec: (milliseconds % 1000) * 1e6 };
};

/** node:fs in a directory of tmpfs, which goes with the kernel. */
class HostFsKernel extends FsKernel {
  readonly #directory: string;

  constructor(directory = mkdtempSync('/dev/shm/estale-node-fs-')) {
    super(host, { clock: { now }, timeSlack, root: directory });
    this.#directory = directory;
  }

  override close(): void {
    super.close();
    rmSync(this.#directory, { recursive: true });
  }
}

// node:fs takes times as seconds of floating point, and libuv cuts them to microseconds.
const without = new Set([...new FsKernel(host, { clock: { now } }).without, 'times' as const]);
const target = (name: string, start: () => Kernel): Target => freshTarget(start, { name, without });

/** FsKernel refuses absolute targets of links below a root: from the root directory relative ones lead as far. */
const confined = (program: Program): Program => ({
  ...program,
  steps: program.steps.map((step) =>
    step.call.op === 'symlink'
      ? { ...step, call: { ...step.call, target: step.call.target.replace(/^\/+/, '') } }
      : step,
  ),
});

test.runIf(able)('what the POSIX model finds in it is what it finds in node:fs on tmpfs too', async () => {
  const here = target('simulatedFs', onSimulator);
  const there = target('node:fs', () => new HostFsKernel());
  const { findings } = await check(here, { seed: 3, runs: 300, shrinkRuns: 300 });
  // Names that are no UTF-8, links to what a link leads to, whatever else node:fs has no words for.
  expect(findings.length).toBeGreaterThan(0);
  for (const { signature, program } of findings) {
    const divergence = async (at: Target) => {
      const { failure } = await replay(at, confined(program));
      return { signature, calls: failure?.program.steps.length, actual: failure?.divergence.actual };
    };
    expect(await divergence(here)).toEqual(await divergence(there));
  }
});
