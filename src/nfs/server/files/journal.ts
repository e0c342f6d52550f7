import { type Context, type Handle, type NodeId, O_RDWR, type WriteOptions } from '../../../vfs/index.ts';
import { ask, errnoThrown, type Step } from '../step.ts';
import type { ServedVolume } from './volume.ts';

export const plainWrite: WriteOptions = {
  flags: O_RDWR,
  fromCache: false,
  killPrivileges: false,
  lockOwner: undefined,
};

/** What was where a write that is not safe yet went. */
interface Before {
  readonly volume: ServedVolume;
  readonly node: NodeId;
  readonly offset: number;
  readonly data: Uint8Array;
  readonly size: number;
}

interface Made {
  readonly volume: ServedVolume;
  readonly parent: NodeId;
  readonly name: string;
}

/**
 * What a crash takes back. The filesystem has every write at once; here is what was there before, until the write is safe. So
 * any filesystem loses what a server's page cache would have held.
 */
export class Journal {
  #writes: Before[] = [];
  #names: Made[] = [];

  /** Keeps what a write is going to replace; the file is open for reading. */
  *beforeWrite(
    volume: ServedVolume,
    node: NodeId,
    fh: Handle,
    offset: number,
    length: number,
    size: number,
    context: Context,
  ): Step<void> {
    const data = new Uint8Array(Math.max(0, Math.min(length, size - offset)));
    if (data.length > 0 && volume.filesystem.read !== undefined)
      yield* ask(volume.filesystem.read(node, fh, data, offset, context));
    this.#writes.push({ volume, node, offset, data, size });
  }

  made(volume: ServedVolume, parent: NodeId, name: string): void {
    this.#names.push({ volume, parent, name });
  }

  /** The file is safe, or gone. */
  forget(volume: ServedVolume, node: NodeId): void {
    this.#writes = this.#writes.filter((write) => write.volume !== volume || write.node !== node);
  }

  /** A name is gone or another file's. */
  forgetName(volume: ServedVolume, parent: NodeId, name: string): void {
    this.#names = this.#names.filter((made) => made.volume !== volume || made.parent !== parent || made.name !== name);
  }

  /** Takes back what is not safe. A file that is in the way of that stays as it is. */
  *rollBack(context: Context): Step<void> {
    for (const write of this.#writes.reverse()) yield* attempt(restore(write, context));
    for (const { volume, parent, name } of this.#names.reverse())
      if (volume.filesystem.unlink !== undefined) yield* attempt(ask(volume.filesystem.unlink(parent, name, context)));
    this.#writes = [];
    this.#names = [];
  }
}

function* restore({ volume, node, offset, data, size }: Before, context: Context): Step<void> {
  const { filesystem } = volume;
  const { fh } = filesystem.open === undefined ? { fh: 0 } : yield* ask(filesystem.open(node, O_RDWR, context));
  try {
    if (data.length > 0 && filesystem.write !== undefined)
      yield* ask(filesystem.write(node, fh, data, offset, context, plainWrite));
    if (filesystem.setattr !== undefined) yield* ask(filesystem.setattr(node, { size }, fh, context));
  } finally {
    if (filesystem.release !== undefined) yield* ask(filesystem.release(node, fh, O_RDWR, context, undefined));
  }
}

function* attempt<T>(step: Step<T>): Step<void> {
  try {
    yield* step;
  } catch (error) {
    errnoThrown(error);
  }
}
