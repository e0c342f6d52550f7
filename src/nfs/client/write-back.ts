import { type Attributes, Errno, errno, errnoFrom, O_APPEND } from '../../vfs/index.ts';
import type { Stability } from '../protocol/index.ts';
import type { Credential } from '../rpc/index.ts';
import { type Caller, never } from './caller.ts';
import type { Core } from './core.ts';
import { interruptible } from './interruptible.ts';
import type { Node } from './node.ts';
import { type Piece, UnwrittenData } from './unwritten-data.ts';

/** Bytes of a file that may wait to be sent, and to be committed. */
const UNSENT_MOST = 1 << 20;
const UNCOMMITTED_MOST = 16 << 20;
/** Milliseconds that data waits before it is sent by itself (vm.dirty_writeback_centisecs). */
const WAIT = 5000;
/** Rounds of WRITE and COMMIT with changing verifiers, until data is sent FILE_SYNC. */
const ROUNDS = 4;

const ignore = (): void => {};

/** Data on its way to the server. */
export class WriteBack {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Takes data, which is copied where it is kept. @throws the error of sending it, where that is done at once */
  async write(
    node: Node,
    credential: Credential,
    data: Uint8Array,
    offset: number,
    flags: number,
    signal: AbortSignal,
  ): Promise<void> {
    const { options } = this.#core;
    node.unwritten ??= new UnwrittenData(credential);
    const { unwritten } = node;
    const asks = options.habits.append === 'asked-size' && (flags & O_APPEND) !== 0;
    await this.#alone(unwritten, signal, async () => {
      unwritten.credential = credential;
      const at = asks ? await this.#end(node, unwritten, signal) : offset;
      // nfs_try_to_update_request: a page waits with one range, so that what was written to it goes out in its order.
      if (unwritten.leavesGap(at, data.length)) await this.#send(node, unwritten, signal);
      unwritten.add(at, data.slice());
      if (options.writes !== 'back') {
        await this.#send(node, unwritten, signal, options.writes === 'sync' ? 'FILE_SYNC' : 'UNSTABLE');
        throwError(unwritten);
      } else if (unwritten.unsent > UNSENT_MOST) await this.#send(node, unwritten, signal);
      if (unwritten.uncommitted > UNCOMMITTED_MOST) await this.#commit(node, unwritten, signal);
    });
    if (unwritten.unsent > 0) this.#later(node, unwritten);
  }

  /** Sends what was not sent; what goes wrong is told by the next `commit`. */
  async flush(node: Node, signal: AbortSignal): Promise<void> {
    const { unwritten } = node;
    if (unwritten === undefined || unwritten.unsent === 0) return;
    await this.#alone(unwritten, signal, () => this.#send(node, unwritten, signal));
  }

  /** Makes sure that everything is on the server's disk. @throws what went wrong with it since the last time */
  async commit(node: Node, signal: AbortSignal): Promise<void> {
    const { unwritten } = node;
    if (unwritten === undefined) return;
    await this.#alone(unwritten, signal, () => this.#commit(node, unwritten, signal));
    throwError(unwritten);
  }

  async #end(node: Node, unwritten: UnwrittenData, signal: AbortSignal): Promise<Attributes['size']> {
    await this.#send(node, unwritten, signal);
    const { size } = await this.#core.attributes(node, { credential: unwritten.credential, signal }, false);
    return size;
  }

  async #send(
    node: Node,
    unwritten: UnwrittenData,
    signal: AbortSignal,
    stable: Stability = 'UNSTABLE',
  ): Promise<void> {
    const { write: most } = this.#core.transfer;
    for (let piece = unwritten.next(most); piece !== undefined; piece = unwritten.next(most))
      await this.#sendPiece(node, unwritten, piece, { credential: unwritten.credential, signal }, stable);
  }

  async #sendPiece(
    node: Node,
    unwritten: UnwrittenData,
    piece: Piece,
    caller: Caller,
    stable: Stability,
  ): Promise<void> {
    const { offset, data } = piece;
    try {
      const args = { file: node.handle, offset, count: data.length, stable, data };
      const { count, committed, verifier } = await this.#core.call(node, 'WRITE', args, caller, ({ wcc }, sent) =>
        this.#core.cache.acceptChange(node, wcc, sent),
      );
      const written = Math.min(count, data.length);
      if (written === 0) throw errno.EIO;
      if (committed === 'UNSTABLE') unwritten.add(offset, data.subarray(0, written), verifier);
      else unwritten.drop(offset, written);
    } catch (error) {
      const known = failure(error);
      unwritten.drop(offset, data.length);
      unwritten.error ??= known;
    }
  }

  async #commit(node: Node, unwritten: UnwrittenData, signal: AbortSignal): Promise<void> {
    const { verifier: habit } = this.#core.options.habits;
    for (let round = 1; ; round++) {
      const last = habit === 'compared' && round > ROUNDS;
      await this.#send(node, unwritten, signal, last ? 'FILE_SYNC' : 'UNSTABLE');
      if (unwritten.uncommitted === 0) return;
      try {
        const caller = { credential: unwritten.credential, signal };
        const args = { file: node.handle, offset: 0, count: 0 };
        const { verifier } = await this.#core.call(node, 'COMMIT', args, caller, ({ wcc }, sent) =>
          this.#core.cache.acceptChange(node, wcc, sent),
        );
        if (habit === 'ignored') unwritten.dropSent();
        else if (unwritten.committed(verifier)) continue;
      } catch (error) {
        unwritten.error ??= failure(error);
        unwritten.dropSent();
      }
      return;
    }
  }

  #later(node: Node, unwritten: UnwrittenData): void {
    if (unwritten.cancelTimer !== undefined) return;
    unwritten.cancelTimer = this.#core.environment.timers.after(WAIT, () => {
      unwritten.cancelTimer = undefined;
      this.flush(node, never).catch(ignore);
    });
  }

  /** One after the other: writes to one file do not overtake each other. @throws EINTR for who no longer wants to wait */
  async #alone(unwritten: UnwrittenData, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
    const turn = unwritten.queue;
    let givenUp = false;
    const done = turn.then(() => (givenUp ? undefined : work()));
    unwritten.queue = done.catch(ignore);
    try {
      await interruptible(turn, signal);
    } catch (error) {
      givenUp = true;
      throw error;
    }
    await done;
  }
}

/** What a call failed with, if that is to be remembered: an interrupted one leaves its data, for another try. */
function failure(error: unknown): Errno {
  const known = error instanceof Errno ? error : errnoFrom(error);
  if (known === undefined || known === errno.EINTR) throw error;
  return known;
}

function throwError(unwritten: UnwrittenData): void {
  const { error } = unwritten;
  unwritten.error = undefined;
  if (error !== undefined) throw error;
}
