import type { Environment } from '../../env/index.ts';
import {
  canCrash,
  checkSupport,
  FaultEngine,
  type FaultSupport,
  type FaultySurroundings,
  faultyEnvironment,
  faultyFileSystem,
  type InjectedFault,
  type KernelFaults,
} from '../../fault/index.ts';
import type { FileSystem } from '../../vfs/index.ts';
import { after, kill, sleep } from './real.ts';
import type { FaultMessage, FaultState } from './state.ts';

type Around = Pick<FaultySurroundings, 'kernel' | 'serving'>;

/** The faults of a real mount, in the thread or process that serves it. */
export class Injector {
  readonly engine: FaultEngine;
  readonly kernel: KernelFaults;
  readonly #say: (message: FaultMessage) => void;
  #jump: ((ms: number) => void) | undefined;

  /** `killing`: whether the numbers of the processes that call are known. `record` hears of each fault at once, in this thread. */
  constructor(
    state: FaultState,
    killing: boolean,
    say: (message: FaultMessage) => void,
    record?: (fault: InjectedFault) => void,
  ) {
    this.#say = say;
    this.kernel = { ...(killing ? { kill } : {}), jump: (ms) => this.#jump?.(ms) };
    this.engine = new FaultEngine(state.plan, {
      now: () => performance.now(),
      stablePids: false,
      observe: (fault) => {
        record?.(fault);
        say({ kind: 'injected', fault });
      },
    });
    this.engine.turn(state.on);
  }

  change(state: FaultState): void {
    this.engine.load(state.plan);
    this.engine.turn(state.on);
  }

  environment(environment: Environment): Environment {
    const faulty = faultyEnvironment(environment, this.engine, sleep);
    this.#jump = (ms) => faulty.clock.jump(ms);
    return faulty;
  }

  /**
   * The filesystem with the faults around it; `around` has what sees to processes and clocks where no link does, and what tells
   * the request that is being served.
   *
   * @throws FaultPlanError where the plan asks for what there is not here
   */
  filesystem(filesystem: FileSystem, link: FaultSupport['link'], around: Around): FileSystem {
    this.#check(filesystem, link);
    return faultyFileSystem(filesystem, this.engine, { after, sleep, ...around });
  }

  /** There is only a link. @throws FaultPlanError, likewise */
  bridge(): void {
    this.#check(undefined, 'at once');
  }

  #check(filesystem: FileSystem | undefined, link: FaultSupport['link']): void {
    const support: FaultSupport = {
      place: 'on this mount',
      link,
      mode: filesystem?.mode,
      kernel: Object.keys(this.kernel) as (keyof KernelFaults)[],
      surroundings: this.#jump !== undefined,
      volatileDisks: false,
      volatileFilesystem: filesystem !== undefined && canCrash(filesystem),
    };
    checkSupport(this.engine.plan, support);
    this.#say({ kind: 'serving', support });
  }

  close(): void {
    this.#say({ kind: 'report', report: this.engine.report() });
  }
}
