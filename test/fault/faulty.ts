import type { FileSystemFactory } from '../../src/env/index.ts';
import { checkPlan, type Rule } from '../../src/fault/index.ts';
import { type FaultySimulateOptions, type FaultySimulation, simulateFaults } from '../../src/fault/simulation.ts';
import { ram } from '../../src/filesystems/index.ts';
import { type Call, root, type SysResult } from '../../src/vfs/index.ts';
import { plain } from '../sim/kernel/trace.ts';

/** A simulation with faults whose calls can be written shortly. */
export interface Faulty extends FaultySimulation {
  /** Calls as process 1, which is root's, or another; an error is its name. */
  call(call: Call, pid?: number): unknown;
  /** Opens, reads all and closes. */
  read(path: string): unknown;
  /** Writes a whole file, made if need be; the first error, or the number of bytes. */
  write(path: string, text: string): unknown;
  /** `kind detail` of every fault so far. */
  told(): string[];
}

/** Rules without a name get their number. */
export function faulty(
  rules: readonly (Omit<Rule, 'name'> & { readonly name?: string })[],
  options: FaultySimulateOptions & { readonly seed?: number; readonly planSeed?: number } = {},
  factory: FileSystemFactory = ram,
): Faulty {
  const plan = checkPlan({
    seed: options.planSeed ?? 0,
    switches: { on: true, off: false },
    rules: rules.map((rule, i) => ({ name: `${i + 1}`, ...rule })),
  });
  const simulation = simulateFaults(factory, plan, {
    report: (problem, error) => {
      throw new Error(problem, { cause: error });
    },
    ...options,
  });
  const { kernel } = simulation;
  kernel.spawn(1, root);
  const call = (what: Call, pid = 1): unknown => {
    const result = kernel.call(pid, what);
    return result instanceof Promise ? result.then(plain) : plain(result as SysResult);
  };
  const opened = (path: string, flags: number, then: (fd: number) => unknown): unknown => {
    const fd = call({ op: 'open', path, flags, mode: 0o644 });
    if (typeof fd !== 'number') return fd;
    const result = then(fd);
    const closed = call({ op: 'close', fd });
    return closed === 0 ? result : closed;
  };
  return Object.assign(simulation, {
    call,
    read: (path: string) => opened(path, 0, (fd) => call({ op: 'pread', fd, size: 1 << 16, offset: 0 })),
    write: (path: string, text: string) =>
      opened(path, 0o1101, (fd) => call({ op: 'pwrite', fd, data: new TextEncoder().encode(text), offset: 0 })),
    told: () => simulation.injected.map(({ kind, detail }) => `${kind} ${detail}`.trim()),
  });
}
