import { type TestAPI, test } from 'vitest';
import { OpenHandles } from '../check/index.ts';
import type { FileSystemFactory } from '../env/index.ts';
import {
  createSimulation,
  type SimKernel,
  type SimulatedFs,
  type SimulateOptions,
  type Simulation,
  simulatedFs,
} from '../sim/index.ts';
import { keeping, type Problem, problemsFixture } from './problems.ts';
import { chosenSeed, variables } from './settings.ts';

/** What a test of a filesystem in the simulated kernel is given; each test has its own. */
export interface SimulationFixtures {
  /** Decides everything that is left to chance; printed when the test fails. ESTALE_SEED sets it. */
  readonly seed: number;
  /** A simulated kernel with a fresh filesystem; closed after the test. */
  readonly kernel: SimKernel;
  /** The parts around the kernel: filesystem, session, clock. */
  readonly simulation: Simulation;
  /** `node:fs` on that kernel, as a process of root's. */
  readonly fs: SimulatedFs;
  /**
   * What the filesystem threw, or answered wrongly, so far. What is in here after the test fails it: a test that expects a
   * problem takes it out (`problems.splice(0)`).
   */
  readonly problems: Problem[];
}

/** Of kernels that fixtures made: what a matcher looks at besides. */
const watched = new WeakMap<SimKernel, Watched>();

export interface Watched {
  readonly simulation: Simulation;
  readonly handles: OpenHandles;
}

/** The simulation around a fixture's kernel; undefined for any other kernel. */
export const watchedKernel = (kernel: SimKernel): Watched | undefined => watched.get(kernel);

/**
 * vitest's `test` with a simulated kernel for each test. What the filesystem's code throws fails the test with its stack.
 *
 * @example const test = simulatedTest(myFactory); test('...', ({ fs }) => { fs.writeFileSync('/a', 'b'); ... });
 */
export function simulatedTest(
  factory: FileSystemFactory,
  options: Omit<SimulateOptions, 'report'> = {},
): TestAPI<SimulationFixtures> {
  return test.extend<SimulationFixtures>({
    seed: async ({ onTestFailed }, use) => {
      const seed = chosenSeed(options.seed);
      onTestFailed(() => console.error(`estale: seed ${seed}; again: ${variables.seed}=${seed}`));
      await use(seed);
    },
    problems: problemsFixture,
    simulation: async ({ seed, problems }, use) => {
      const handles = new OpenHandles();
      const simulation = createSimulation(factory, {
        ...options,
        seed,
        report: keeping(problems),
        observe: (fromKernel, message, length) => {
          handles.message(fromKernel, message, length);
          options.observe?.(fromKernel, message, length);
        },
      });
      watched.set(simulation.kernel, { simulation, handles });
      await use(simulation);
      await simulation.kernel.close();
    },
    kernel: async ({ simulation }, use) => {
      await use(simulation.kernel);
    },
    fs: async ({ kernel }, use) => {
      await use(simulatedFs(kernel));
    },
  });
}
