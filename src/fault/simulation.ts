import type { FileSystemFactory } from '../env/index.ts';
import { createSimulation, type SimulateOptions, type Simulation, type VirtualClock } from '../sim/index.ts';
import { canCrash, faultyFileSystem } from './filesystem/faulty-filesystem.ts';
import type { KernelFaults } from './kernel-faults.ts';
import { LinkFaults } from './link/link-faults.ts';
import { FaultEngine, type Injection } from './match/engine.ts';
import type { InjectedFault } from './match/event.ts';
import type { FaultPlan } from './plan/plan.ts';
import { checkSupport } from './support.ts';
import { faultyEnvironment } from './surroundings/environment.ts';

export interface FaultySimulateOptions extends Omit<SimulateOptions, 'link'> {
  /** Hears of every fault, in the order of the trace. */
  readonly onFault?: (fault: InjectedFault) => void;
  /** Strike exactly here, whatever the conditions say: the `injected` of an earlier run, or some of them. */
  readonly only?: readonly Injection[];
}

export interface FaultySimulation extends Simulation {
  readonly faults: FaultEngine;
  /** Every fault so far. */
  readonly injected: readonly InjectedFault[];
}

/**
 * A simulated kernel and a filesystem with the faults of a plan between, in and around them. The seed of the simulation and
 * that of the plan decide everything.
 *
 * @throws FaultPlanError where the plan asks for what a simulation cannot do with this filesystem
 */
export function simulateFaults(
  factory: FileSystemFactory,
  plan: FaultPlan,
  options: FaultySimulateOptions = {},
): FaultySimulation {
  const injected: InjectedFault[] = [];
  // What a VirtualClock shows first.
  const begin = 1000 + ((options.startTime ?? 0) % 1000);
  let clock: VirtualClock | undefined;
  let simulation: Simulation | undefined;
  const faults = new FaultEngine(plan, {
    now: () => (clock === undefined ? begin : clock.nanoseconds / 1e6),
    only: options.only,
    observe: (fault) => {
      injected.push(fault);
      options.onFault?.(fault);
    },
  });
  const timer = (ms: number, callback: () => void): (() => void) => (clock as VirtualClock).after(ms, callback);
  const sleep = (ms: number): void => simulation?.kernel.scheduler.advance(Math.round(ms * 1e6));
  const kernel: KernelFaults = {
    kill: (pid) => simulation?.kernel.kill(pid),
    interrupt: (pid) => simulation?.kernel.interrupt(pid),
    dropPages: () => simulation?.kernel.reclaim(1),
    dropDentries: () => simulation?.kernel.reclaim(2),
    crash: () => simulation?.kernel.disconnect(),
    restart: () => simulation?.restart(),
    // The kernel's clock is the daemon's.
    jump: (ms) => clock?.jump(ms),
  };
  const faulty: FileSystemFactory = (environment, given) => {
    const filesystem = factory(faultyEnvironment(environment, faults, sleep), given);
    const { mode } = filesystem;
    checkSupport(plan, {
      place: 'in a simulation',
      link: true,
      mode,
      kernel: Object.keys(kernel) as (keyof KernelFaults)[],
      surroundings: true,
      volatileDisks: true,
      volatileFilesystem: canCrash(filesystem),
    });
    return faultyFileSystem(filesystem, faults, { after: timer, sleep, serving: () => link.serving });
  };
  const link = new LinkFaults(faults, { after: timer, kernel });
  simulation = createSimulation(faulty, {
    ...options,
    link,
  });
  clock = simulation.environment.clock;
  return Object.defineProperties(simulation, {
    faults: { value: faults },
    injected: { value: injected },
  }) as FaultySimulation;
}
