import fc from 'fast-check';
import type { FileSystemFactory, FileSystemOptions } from '../../env/index.ts';
import { createSimulation, type MountOptions, type SimulateOptions, type Simulation } from '../../sim/index.ts';
import type { FileSystem } from '../../vfs/index.ts';
import { programs } from '../arbitrary/programs.ts';
import type { Finding } from '../campaign.ts';
import type { Without } from '../profile.ts';
import { OBSERVER, type Program } from '../program.ts';
import { oncePerProblem, reportOnStandardError } from '../reporter.ts';
import type { Settings } from '../target.ts';
import { empty, isEmpty, type Usage, usageOf } from './empty.ts';
import { leftOver } from './left-over.ts';
import { OpenHandles } from './open-handles.ts';

export interface LeakOptions {
  /** 0 to 2^32 - 1; the same seed and runs give the same result. */
  readonly seed?: number;
  /** Programs to generate; 300 unless given. */
  readonly runs?: number;
  /** Capabilities that the filesystem does not have. Without `statfs` it is not asked what is in use. */
  readonly without?: Iterable<string>;
  /** Options of the filesystem. */
  readonly options?: FileSystemOptions;
  /** The simulated kernel's. Without mount options they are drawn: nothing cached, everything, or for moments. */
  readonly simulation?: Omit<SimulateOptions, 'filesystem' | 'observe'>;
  /** How many things the filesystem itself holds (inodes in its tables, say): as many when all is removed as when it was new. */
  readonly holds?: (filesystem: FileSystem) => number;
}

const EXPECTED = 'nothing left';

/** Signatures of leaks begin with this: their programs need not differ from POSIX. */
const PREFIX = 'left behind: ';

/** Whether a finding is of a leak, not of a call that answered wrongly. */
export const isLeak = ({ signature }: Pick<Finding, 'signature'>): boolean => signature.startsWith(PREFIX);

const mounts: readonly (MountOptions | undefined)[] = [
  undefined,
  { entryTimeout: 1_000_000, attributeTimeout: 1_000_000, negativeTimeout: 1_000_000 },
  { entryTimeout: 0.003, attributeTimeout: 0.002, negativeTimeout: 0.001, directIo: true },
];

/**
 * Looks for what a filesystem does not get or give back. After each generated program every process ends and the caches are
 * dropped: then every reference and every handle must be back. Where the filesystem was empty at the start, all that the
 * program left is removed: then the filesystem must use as many inodes and blocks as at the start (statfs), and hold as
 * much. The first leak is shrunk to the simplest program that shows one; undefined where there is none.
 */
export async function findLeak(factory: FileSystemFactory, options: LeakOptions = {}): Promise<Finding | undefined> {
  const { seed = 0, runs = 300, simulation } = options;
  const without = new Set(options.without) as Without;
  const setups = simulation?.mount === undefined ? mounts : [undefined];
  const property = fc.asyncProperty(fc.constantFrom(...setups), programs({ without }), async (mount, program) => {
    const left = await leaksOf(factory, program, { ...options, settings: mount as Settings | undefined });
    return left.length === 0;
  });
  const result = await fc.check(property, { seed: seed | 0, numRuns: runs });
  if (!result.failed || result.counterexample === null) return undefined;
  const [mount, program] = result.counterexample;
  const settings = mount as Settings | undefined;
  const left = await leaksOf(factory, program, { ...options, settings });
  return {
    signature: `${PREFIX}${left[0].split(/[:\d]/, 1)[0].trim()}`,
    program,
    expected: EXPECTED,
    actual: left.join('; '),
    seed,
    run: result.numRuns - 1,
    conditions: { without: [...without], model: {}, settings },
  };
}

/** What one program leaves behind: a line each. `settings` are mount options that were drawn. */
export async function leaksOf(
  factory: FileSystemFactory,
  program: Program,
  { simulation, options, without, holds, settings }: LeakOptions & { readonly settings?: Settings },
): Promise<readonly string[]> {
  const handles = new OpenHandles();
  const made = createSimulation(factory, {
    traceHash: false,
    ...simulation,
    mount: { ...settings, ...simulation?.mount },
    filesystem: options,
    report: oncePerProblem(simulation?.report ?? reportOnStandardError),
    observe: (fromKernel, message, length) => handles.message(fromKernel, message, length),
  });
  const { kernel } = made;
  const missing = new Set(without);
  const measure = async (): Promise<Measured> => ({
    usage: missing.has('statfs') ? undefined : await usageOf(kernel),
    held: holds?.(made.filesystem),
  });
  try {
    kernel.spawn(OBSERVER.pid, OBSERVER, OBSERVER.umask);
    const before = (await isEmpty(kernel)) ? await measure() : undefined;
    await perform(made, program);
    const left = await leftOver(made, handles);
    if (left.length > 0 || before === undefined || !(await empty(kernel))) return left;
    const later = await leftOver(made, handles);
    return later.length > 0 ? later : compare(before, await measure());
  } finally {
    await kernel.close();
  }
}

interface Measured {
  readonly usage: Usage | undefined;
  readonly held: number | undefined;
}

function compare(before: Measured, after: Measured): readonly string[] {
  const lines: string[] = [];
  for (const what of ['inodes', 'blocks'] as const) {
    const [first, last] = [before.usage?.[what], after.usage?.[what]];
    if (first !== last) lines.push(`${what} in use: ${last} when all is removed, ${first} when it was new`);
  }
  if (before.held !== after.held) lines.push(`held: ${after.held} when all is removed, ${before.held} when it was new`);
  return lines;
}

/** Runs the program, and ends its processes. A lock that nobody gives back is not waited for. */
async function perform({ kernel }: Simulation, { processes, steps }: Program): Promise<void> {
  const pids = new Set(processes.map(({ pid }) => pid));
  for (const process of processes) kernel.spawn(process.pid, process, process.umask);
  for (const { pid, call } of steps) {
    if (call.op === 'fork') pids.add(call.child);
    if (call.op !== 'setlk' && call.op !== 'flock') await kernel.call(pid, call);
  }
  for (const pid of pids) if (pid !== OBSERVER.pid) await kernel.call(pid, { op: 'exit', status: 0 });
}
