import { timeOfDay } from '../fuse/socket/index.ts';
import { VirtualClock } from '../sim/index.ts';
import type { Timespec } from '../vfs/index.ts';

/** The simulation's time for what the kernel remembers, the host's time of day for what filesystems are told: their stamps are of the host's. */
export class TimeOfDayClock extends VirtualClock {
  override now(): Timespec {
    return timeOfDay();
  }
}
