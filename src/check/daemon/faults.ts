import {
  checkSupport,
  FaultEngine,
  type FaultSupport,
  type InjectedFault,
  LinkFaults,
  showInjected,
} from '../../fault/index.ts';
import type { LinkHook, SimKernel, VirtualClock } from '../../sim/index.ts';
import { heal } from '../faults/heal.ts';
import type { FaultRun, RunFaults } from '../faults/run.ts';

/** What faults there may be between the simulated kernel and a daemon: those of the link, and of the kernel. */
export const daemonSupport: FaultSupport = {
  place: 'in front of a daemon',
  link: true,
  mode: undefined,
  kernel: ['kill', 'interrupt', 'dropPages', 'dropDentries', 'crash'],
  surroundings: false,
  volatileDisks: false,
  volatileFilesystem: false,
};

/** The faults of one run in front of a daemon. */
export interface DaemonFaults {
  readonly link: LinkHook;
  /** To be called once the kernel is there. */
  run(kernel: SimKernel): FaultRun;
}

/** Faults on the link of a daemon; time is the clock's. @throws FaultPlanError where the plan asks for more than a link */
export function daemonFaults(
  { plan, only }: RunFaults,
  clock: VirtualClock,
  trace: ((line: string) => void) | undefined,
): DaemonFaults {
  checkSupport(plan, daemonSupport);
  const injected: InjectedFault[] = [];
  let kernel: SimKernel | undefined;
  const engine = new FaultEngine(plan, {
    now: () => clock.nanoseconds / 1e6,
    only,
    observe: (fault) => {
      injected.push(fault);
      trace?.(`!! ${showInjected(fault)}`);
    },
  });
  const link = new LinkFaults(engine, {
    after: (ms, callback) => clock.after(ms, callback),
    kernel: {
      kill: (pid) => kernel?.kill(pid),
      interrupt: (pid) => kernel?.interrupt(pid),
      dropPages: () => kernel?.reclaim(1),
      dropDentries: () => kernel?.reclaim(2),
      crash: () => kernel?.disconnect(),
    },
  });
  return {
    link,
    run(started) {
      kernel = started;
      return {
        injected,
        report: () => engine.report(),
        begin: (step) => engine.begin(step),
        stop: () => engine.turn(false),
        // What the daemon holds nobody can see.
        settle: () => undefined,
        heal: () => heal(started),
      };
    },
  };
}
