import type { VirtualClock } from './clock.ts';
import { SimEnvironment, type SimEnvironmentParts } from './environment.ts';
import { hashText } from './hash.ts';
import { SeededRandom } from './random.ts';
import { VirtualGlobals } from './virtual-globals.ts';

/** What a filesystem meets inside a simulation: the environment that it is given, and the globals that its libraries read. */
export class Surroundings {
  readonly environment: SimEnvironment;
  readonly globals: VirtualGlobals;

  constructor(clock: VirtualClock, seed: number, parts?: SimEnvironmentParts) {
    this.environment = new SimEnvironment(clock, new SeededRandom(hashText(seed, 'environment')), parts);
    this.globals = new VirtualGlobals(clock, new SeededRandom(hashText(seed, 'Math.random')));
  }

  /** Runs code with the globals in place. */
  inside<T>(run: () => T): T {
    this.globals.enter();
    try {
      return run();
    } finally {
      this.globals.leave();
    }
  }
}
