import { isAbsolute, join } from 'node:path';
import type { Disk, Environment } from '../environment.ts';
import { nodeClock } from './clock.ts';
import { fileDisk } from './disk.ts';
import { nodeNetwork } from './network.ts';
import { nodeRandom } from './random.ts';
import { nodeTimers } from './timers.ts';

/** Plain data, so that it travels into a worker. */
export interface NodeEnvironmentOptions {
  /** Directory in which each disk is a file. A disk whose name is an absolute path is that file; without a directory no other. */
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
      let disk = disks.get(name);
      if (disk === undefined) {
        disk = fileDisk(isAbsolute(name) ? name : placeOf(name, options.disks), size);
        disks.set(name, disk);
      }
      return disk;
    },
    warn: (message) => {
      process.stderr.write(`estale: ${message}\n`);
    },
  };
}

function placeOf(name: string, disks: string | undefined): string {
  if (disks === undefined)
    throw new Error(
      `disk ${name}: there is no directory for disks; name one with the option 'disks', or the disk by its path`,
    );
  if (!/^[\w-][\w.-]*$/.test(name))
    throw new Error(`disk: expected a path, or a name of letters, digits, '.', '_' and '-', given '${name}'`);
  return join(disks, name);
}
