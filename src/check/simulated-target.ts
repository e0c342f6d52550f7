import type { FileSystemFactory, FileSystemOptions } from '../env/index.ts';
import { showInjected } from '../fault/index.ts';
import { simulateFaults } from '../fault/simulation.ts';
import { LinkDescriber } from '../fuse/protocol/index.ts';
import type { ModelOptions } from '../model/index.ts';
import { createCluster, createSimulation, type MountOptions, type SimulateOptions } from '../sim/index.ts';
import type { Kernel } from '../vfs/index.ts';
import type { Draw } from './arbitrary/draw.ts';
import { heal, settle } from './faults/heal.ts';
import type { FaultRun } from './faults/run.ts';
import { Ledger, Places } from './ledger.ts';
import type { Capability, Without } from './profile.ts';
import { oncePerProblem, reportOnStandardError } from './reporter.ts';
import type { Settings, Target } from './target.ts';
import { freshTarget } from './targets.ts';

export interface SimulatedTargetOptions {
  /** Options of the filesystem. */
  readonly options?: FileSystemOptions;
  /** Capabilities that it does not have. */
  readonly without?: Iterable<string>;
  readonly model?: ModelOptions;
  /** Settings that are not drawn but these. */
  readonly fixed?: Settings;
  /** Bytes beyond which no file may grow (RLIMIT_FSIZE): for what keeps whole files in memory. Default: none. */
  readonly fileSizeLimit?: number;
  /** The simulated kernel's: mount options, seed, inline delivery and so on. Without mount options they are drawn. */
  readonly simulation?: Omit<SimulateOptions, 'filesystem' | 'observe'>;
  /** Several kernels mount a filesystem each: clients of a server that those which the factory makes in one environment share. */
  readonly separate?: boolean;
}

/**
 * A filesystem in the simulated kernel as a target: every call goes through the path walk, the caches and the FUSE
 * protocol. What the filesystem's code throws or answers wrongly is told once on standard error (or to
 * `simulation.report`), and the caller gets EIO.
 *
 * @example check(simulatedTarget('mine', myFactory), { runs: 1000 })
 */
export function simulatedTarget(
  name: string,
  factory: FileSystemFactory,
  { options, without = [], model, fixed, fileSizeLimit, simulation, separate }: SimulatedTargetOptions = {},
): Target {
  const report = oncePerProblem(simulation?.report ?? reportOnStandardError);
  let last: Started | undefined;
  const startedAs = (kernel: Kernel): Started => {
    if (last?.kernel !== kernel)
      throw new Error(`${name}: expected the kernel that was started last, given another one`);
    return last;
  };
  const start: Target['start'] = (trace, settings = {}, faults) => {
    const { schedule, ...mount } = settings;
    const describe = trace && new LinkDescriber(trace);
    const places = trace && new Places();
    const given: SimulateOptions = {
      traceHash: false,
      fileSizeLimit,
      ...(typeof schedule === 'number' ? { order: 'random', seed: schedule } : {}),
      ...simulation,
      // With every option in it, in one order: what is made for each program should have one hidden class.
      mount: { ...left, ...mount, ...fixed, ...simulation?.mount },
      report,
      filesystem: options,
      observe:
        describe &&
        ((fromKernel, message, length) => {
          describe.message(fromKernel, message, length);
          places?.message(fromKernel, message, length);
        }),
    };
    if (faults === undefined) {
      const { kernel, session } = createSimulation(factory, given);
      last = { kernel, ledger: new Ledger(kernel, () => session, places), faults: undefined };
      return kernel;
    }
    const struck = simulateFaults(factory, faults.plan, {
      ...given,
      // Messages are wrong because faults make them so; what the filesystem's code throws is its own.
      report: (problem, error) => {
        if (error !== undefined) report(problem, error);
      },
      only: faults.only,
      onFault: trace && ((fault) => trace(`!! ${showInjected(fault)}`)),
    });
    const { kernel } = struck;
    last = {
      kernel,
      ledger: new Ledger(kernel, () => struck.session, places),
      faults: {
        injected: struck.injected,
        report: () => struck.faults.report(),
        begin: (step) => struck.faults.begin(step),
        stop: () => struck.faults.turn(false),
        settle: () => settle(kernel),
        heal: () => heal(kernel),
      },
    };
    return kernel;
  };
  const leaks: Target['leaks'] = (kernel) => {
    const { ledger, faults } = startedAs(kernel);
    // What faults keep on its way, FORGET too, is given the time to arrive.
    const arrived = faults?.settle();
    return arrived === undefined ? ledger.leaks() : arrived.then(() => ledger.leaks());
  };
  const cluster: Target['cluster'] = (clients, { settings, ...given }) =>
    createCluster(factory, clients, {
      traceHash: false,
      fileSizeLimit,
      separate,
      ...simulation,
      ...given,
      mount: { ...settings, ...simulation?.mount },
      report,
      filesystem: options,
    });
  const traits = { name, without: new Set(without) as Without, model: { fileSizeLimit, ...model } };
  const target: Target = {
    ...freshTarget(start, traits),
    cluster,
    leaks,
    faultsOf: (kernel) => startedAs(kernel).faults,
    modelUnder: (settings) => ({
      sharedMappings: model?.sharedMappings ?? sharedMappings({ ...settings, ...fixed, ...simulation?.mount }),
    }),
  };
  if (simulation?.mount !== undefined) return target;
  return { ...target, settings: drawMount, otherOrders, notUnder };
}

/**
 * A kernel, with what is told of it. Of each target there is one at a time; a WeakMap would keep those that were closed until the
 * next full collection, because V8 takes its values for reachable when it collects young objects (VisitEphemeron).
 */
interface Started {
  readonly kernel: Kernel;
  readonly ledger: Ledger;
  readonly faults: FaultRun | undefined;
}

const left: { readonly [Key in keyof Required<MountOptions>]: undefined } = {
  entryTimeout: undefined,
  attributeTimeout: undefined,
  negativeTimeout: undefined,
  directIo: undefined,
  keepCache: undefined,
  cacheDirectories: undefined,
  maxWrite: undefined,
  maxReadahead: undefined,
  maxBackground: undefined,
  defaultPermissions: undefined,
  readOnly: undefined,
  maxRead: undefined,
  protectedHardlinks: undefined,
  protectedSymlinks: undefined,
  offeredFlags: undefined,
  posixLocks: undefined,
  flockLocks: undefined,
  atomicOTrunc: undefined,
  exportSupport: undefined,
  dontMask: undefined,
  autoInvalData: undefined,
  explicitInvalData: undefined,
  writebackCache: undefined,
  parallelDirops: undefined,
  handleKillpriv: undefined,
  handleKillprivV2: undefined,
  posixAcl: undefined,
  cacheSymlinks: undefined,
  readdirplus: undefined,
  createSuppGroup: undefined,
  directIoAllowMmap: undefined,
};

/** fuse_file_mmap (fs/fuse/file.c). */
const sharedMappings = ({ directIo, directIoAllowMmap }: MountOptions): ModelOptions['sharedMappings'] =>
  directIo && !directIoAllowMmap ? 'refused' : 'given';

/** Seconds: nothing is kept; much less than a call takes, or many calls' time, or longer than any program. */
const timeouts: readonly number[] = [0, 0.0000001, 1, 1_000_000];

/**
 * How the filesystem is mounted must not show in what programs see: half of them run as it is by default. Nor must the order,
 * which the number of a schedule decides, of what happens side by side.
 */
function drawMount(draw: Draw): Settings | undefined {
  if (draw.chance(50)) return undefined;
  const settings: Record<string, number | boolean> = {};
  for (const name of ['entryTimeout', 'attributeTimeout', 'negativeTimeout']) {
    const seconds = draw.of(timeouts);
    if (seconds > 0) settings[name] = seconds;
  }
  if (draw.chance(45)) settings.writebackCache = true;
  // Not both: of a direct write Linux' own time of modification, which counts with write-back, does not hear.
  else if (draw.chance(55)) {
    settings.directIo = true;
    settings.directIoAllowMmap = draw.chance(50);
  }
  if (draw.chance(15)) settings.maxWrite = 4096;
  if (draw.chance(15)) settings.maxRead = 4096;
  if (draw.chance(15)) settings.maxReadahead = draw.of([0, 4096, 32768]);
  for (const name of caches) if (draw.chance(35)) settings[name] = draw.chance(70);
  for (const name of promises) if (draw.chance(15)) settings[name] = false;
  if (draw.chance(40)) settings.schedule = 1 + draw.below(1000);
  return settings;
}

/** So many orders are tried of a program that has become shorter. */
const ORDERS = 8;

const otherOrders = (settings: Settings | undefined): readonly Settings[] =>
  Array.from({ length: ORDERS }, (_, i) => ({ ...settings, schedule: 1 + i }));

/** What the kernel does by itself; not cacheDirectories, with which Linux lists what is gone (docs/kernel.md). */
const caches = ['keepCache', 'autoInvalData', 'explicitInvalData', 'cacheSymlinks', 'readdirplus'] as const;

/** What a filesystem must have promised: it can only be left off. */
const promises = ['atomicOTrunc', 'handleKillpriv', 'handleKillprivV2', 'parallelDirops'] as const;

/** With write-back Linux asks the filesystem about holes without having written the data (fuse_lseek, fs/fuse/file.c). */
const notUnder = ({ writebackCache }: Settings): readonly Capability[] => (writebackCache ? ['seek-hole'] : []);
