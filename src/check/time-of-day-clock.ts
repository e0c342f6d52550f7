import { timeOfTick } from '../fuse/socket/index.ts';
import { VirtualClock } from '../sim/index.ts';
import type { Timespec } from '../vfs/index.ts';

/**
 * Nanoseconds by which filesystems of the host may stamp too early. They do so with the coarse clock of the last tick (inode.c,
 * current_time), and a virtual machine's tick comes late where the host has taken its processor away.
 */
export const COARSE_CLOCK_SLACK = 250_000_000;

/**
 * The simulation's time for what the kernel remembers. What it stamps files with is of the host's clock, as the stamps of the host's
 * filesystems are: with write-back both are told of one file.
 */
export class TimeOfDayClock extends VirtualClock {
  override now(): Timespec {
    return timeOfTick();
  }
}

/**
 * The same where the filesystem's answers wait for the host: while they do no time passes, which would wake the kernel's flusher
 * in the middle of every call. Timers come due by the time that calls take.
 */
export class HostPacedClock extends TimeOfDayClock {
  override get nextTimer(): number {
    const at = super.nextTimer;
    return at <= this.nanoseconds ? at : Number.POSITIVE_INFINITY;
  }
}
