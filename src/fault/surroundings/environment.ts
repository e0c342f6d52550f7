import type { Disk, Environment } from '../../env/index.ts';
import type { FaultEngine } from '../match/engine.ts';
import { FaultyClock } from './clock.ts';
import { FaultyDisk } from './disk.ts';
import { FaultyNetwork } from './network.ts';

/** The surroundings of a filesystem with the faults of a plan in them; `sleep` lets milliseconds pass while nothing else happens. */
export function faultyEnvironment(
  environment: Environment,
  engine: FaultEngine,
  sleep: (ms: number) => void,
): Environment & { readonly clock: FaultyClock } {
  const disks = new Map<string, Disk>();
  return {
    clock: new FaultyClock(environment.clock),
    random: environment.random,
    timers: environment.timers,
    network: new FaultyNetwork(environment.network, engine, environment.timers),
    disk(name, size) {
      let disk = disks.get(name);
      if (disk === undefined) {
        disk = new FaultyDisk(name, environment.disk(name, size), engine, sleep);
        disks.set(name, disk);
      }
      return disk;
    },
    warn: (message) => environment.warn(message),
  };
}
