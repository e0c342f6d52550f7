import type { FaultSupport } from '../fault/index.ts';
import type { DaemonCommand } from '../fuse/socket/index.ts';
import type { ModelOptions } from '../model/index.ts';
import type { ChoiceOptions, Cluster, ClusterOptions } from '../sim/index.ts';
import type { Kernel } from '../vfs/index.ts';
import type { Draw } from './arbitrary/draw.ts';
import type { FaultRun, RunFaults } from './faults/run.ts';
import type { Leak } from './ledger.ts';
import type { Capability, Without } from './profile.ts';

/** How far a run can be repeated; see the three classes in the documentation. */
export type ConcurrencyClass = 'deterministic' | 'serialised' | 'recorded';

/** In which of the ways that it may be set up a kernel was: plain data, kept with a counterexample. */
export type Settings = Readonly<Record<string, number | boolean>>;

/** Something to check: it makes kernels on fresh, equal filesystems. */
export interface Target {
  readonly name: string;
  /** What it does not promise. */
  readonly without: Without;
  readonly concurrencyClass: ConcurrencyClass;
  /** What it may differ in without being wrong. */
  readonly model?: ModelOptions;
  /**
   * Draws the settings of one run, where there is a choice that no program should notice: caches, sizes of requests.
   * Undefined: those that `start` takes by itself.
   */
  settings?(draw: Draw): Settings | undefined;
  /** The same settings, with other orders of what happens side by side. */
  otherOrders?(settings: Settings | undefined): readonly Settings[];
  /** What it does not promise under settings that were drawn, besides `without`. */
  notUnder?(settings: Settings): readonly Capability[];
  /** What it may differ in under these settings, besides `model`. */
  modelUnder?(settings: Settings | undefined): ModelOptions;
  /** The command line of a foreign daemon, which is kept with a counterexample. */
  readonly daemon?: DaemonCommand;
  /** The same, with nothing left of an earlier program: for telling how often a finding shows. */
  readonly isolated?: Target;
  /**
   * A kernel on a fresh filesystem. The last one was closed before. `trace` takes the decoded request stream, a line a
   * message, where the target has one.
   */
  start(trace?: (line: string) => void, settings?: Settings, faults?: RunFaults): Kernel | Promise<Kernel>;
  /** Whether no kernel can be started any more: what the last program made cannot be removed, and the next one would meet it. */
  isSpent?(): boolean;
  /** What faults its kernels can be started under, where not all that there are in a simulation. */
  readonly faultSupport?: FaultSupport;
  /** Of a kernel that was started under faults: what they came to so far. */
  faultsOf?(kernel: Kernel): FaultRun | undefined;
  /**
   * Ends the processes of a kernel that `start` gave, drops its caches, and tells what of the filesystem is still held; where
   * the kernel was started with `trace`, with the request that took it.
   */
  leaks?(kernel: Kernel): readonly Leak[] | Promise<readonly Leak[]>;
  /** Several kernels on one fresh filesystem, for calls that overlap; left out where only one call can be under way. */
  cluster?(clients: number, options: ClusterSettings): Cluster;
}

/** How a cluster is set up and what is chosen in it. */
export interface ClusterSettings extends ChoiceOptions, Pick<ClusterOptions, 'client'> {
  readonly settings?: Settings;
}
