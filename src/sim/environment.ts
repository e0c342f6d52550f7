import type { Disk, Environment, Network } from '../env/index.ts';
import type { VirtualClock } from './clock.ts';
import type { SeededRandom } from './random.ts';

/** What of the surroundings a simulation does not make itself. */
export interface SimEnvironmentParts {
  readonly network?: Network;
  readonly disk?: (name: string, size: number) => Disk;
  readonly warn?: (message: string) => void;
}

const noNetwork: Network = {
  connect: (host, port) => Promise.reject(new Error(`connect to ${host}:${port}: this simulation has no network`)),
  listen: (host, port) => Promise.reject(new Error(`listen on ${host}:${port}: this simulation has no network`)),
};

function noDisk(name: string): never {
  throw new Error(`disk ${name}: this simulation has no disks`);
}

/** The simulated surroundings of a filesystem: virtual time, seeded chance. */
export class SimEnvironment implements Environment {
  readonly clock: VirtualClock;
  readonly timers: VirtualClock;
  readonly random: SeededRandom;
  readonly network: Network;
  readonly disk: (name: string, size: number) => Disk;
  readonly warn: (message: string) => void;

  constructor(clock: VirtualClock, random: SeededRandom, parts: SimEnvironmentParts = {}) {
    this.clock = clock;
    this.timers = clock;
    this.random = random;
    this.network = parts.network ?? noNetwork;
    this.disk = parts.disk ?? noDisk;
    this.warn = parts.warn ?? (() => {});
  }
}
