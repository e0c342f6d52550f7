import { join } from 'node:path';
import type { Disk, Environment } from '../environment.ts';
import { nodeClock } from './clock.ts';
import { fileDisk } from './disk.ts';
import { nodeNetwork } from './network.ts';
import { nodeRandom } from './random.ts';
import { nodeTimers } from './timers.ts';

/** Plain data, so that it travels into a worker. */
export interface NodeEnvironmentOptions {
  /** Directory in which each disk is a file; without it a filesystem gets no disk. */
  readonly disks?: string;
}

/** The real surroundings of a filesystem on this host. */
export function nodeEnvironment(options: NodeEnvironmentOptions = {}): Environment {
  const disks = new Map<string, Disk>();
  return {
    clock: nodeClock(),
    random: nodeRandom(),
    timers: nodeTimers(),
    network: nodeNetwork(),
    disk(name, size) {
      if (options.disks === undefined)
        throw new Error(`disk ${name}: there is no directory for disks; name one with the option 'disks'`);
      if (!/^[\w-][\w.-]*$/.test(name))
        throw new Error(`disk: expected a name of letters, digits, '.', '_' and '-', given '${name}'`);
      let disk = disks.get(name);
      if (disk === undefined) {
        disk = fileDisk(join(options.disks, name), size);
        disks.set(name, disk);
      }
      return disk;
    },
    warn: (message) => {
      process.stderr.write(`estale: ${message}\n`);
    },
  };
}
