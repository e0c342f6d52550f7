import type { FuseConnection } from './fuse-connection.ts';
import type { Operation } from './operation.ts';
import type { Process } from './process.ts';
import { flushTimes, writepages } from './writeback.ts';

/** vm.dirty_writeback_centisecs and vm.dirty_expire_centisecs, in milliseconds. */
const INTERVAL = 5000;
const EXPIRE = 30_000;

/** The kernel thread that writes back what has been dirty for long (wb_workfn, fs/fs-writeback.c). */
export class Flusher {
  readonly #fc: FuseConnection;
  readonly #thread: Process;
  #armed = false;

  constructor(fc: FuseConnection, thread: Process) {
    this.#fc = fc;
    this.#thread = thread;
  }

  /** wb_wakeup_delayed. */
  wakeLater(): void {
    if (this.#armed) return;
    this.#armed = true;
    this.#fc.scheduler.clock.afterQuietly(INTERVAL, () => this.#wake());
  }

  #wake(): void {
    this.#armed = false;
    const { connected } = this.#fc.device;
    if (connected && this.#thread.work === undefined) {
      this.#thread.work = this.#flush();
      this.#thread.run();
    }
    if (connected && this.#fc.dirtyInodes.size > 0) this.wakeLater();
  }

  *#flush(): Operation<void> {
    const fc = this.#fc;
    for (const mapping of [...fc.dirtyInodes]) {
      if (fc.now - mapping.dirtiedAt < EXPIRE * 1e6) continue;
      fc.dirtyInodes.delete(mapping);
      // WB_SYNC_NONE: a connection that is busy is left alone (fuse_writepages).
      if (!fc.device.congested) writepages(fc, mapping);
      if (mapping.dirtyTimes) {
        mapping.dirtyTimes = false;
        yield* flushTimes(fc, this.#thread, mapping.host);
      }
      if (mapping.dirty > 0) {
        mapping.dirtiedAt = fc.now;
        fc.dirtyInodes.add(mapping);
      }
    }
  }
}
