import type { Disk, Environment, Network } from '../env/index.ts';
import type { VirtualClock } from './clock.ts';
import { SimulatedDisk } from './disk.ts';
import { SimulatedNetwork } from './network/index.ts';
import type { SeededRandom } from './random.ts';

/** Surroundings that a simulation takes instead of its own. */
export interface SimEnvironmentParts {
  readonly network?: Network;
  readonly disk?: (name: string, size: number) => Disk;
  readonly warn?: (message: string) => void;
}

/** The simulated surroundings of a filesystem: virtual time, seeded chance, disks in memory, a network of virtual hosts. */
export class SimEnvironment implements Environment {
  readonly clock: VirtualClock;
  readonly timers: VirtualClock;
  readonly random: SeededRandom;
  readonly network: Network;
  readonly warn: (message: string) => void;
  readonly disk: (name: string, size: number) => Disk;
  /** The hosts' network, of which `network` is what the host `client` sees. */
  readonly hosts: SimulatedNetwork;
  readonly #disks = new Map<string, SimulatedDisk>();

  constructor(clock: VirtualClock, random: SeededRandom, parts: SimEnvironmentParts = {}) {
    this.clock = clock;
    this.timers = clock;
    this.random = random;
    this.hosts = new SimulatedNetwork(clock);
    this.network = parts.network ?? this.hosts.from('client');
    this.disk = parts.disk ?? ((name, size) => this.#disk(name, size));
    this.warn = parts.warn ?? (() => {});
  }

  #disk(name: string, size: number): SimulatedDisk {
    let disk = this.#disks.get(name);
    if (disk === undefined) {
      disk = new SimulatedDisk(size);
      this.#disks.set(name, disk);
    }
    return disk;
  }
}
