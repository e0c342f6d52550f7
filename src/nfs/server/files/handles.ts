import { type Context, errno, type NodeId, ROOT_NODE, type U64 } from '../../../vfs/index.ts';
import { struct, u32, u64, XdrReader, XdrWriter } from '../../xdr/index.ts';
import { NfsFailure } from '../failure.ts';
import type { HandleHabit } from '../options.ts';
import type { Step } from '../step.ts';
import { findByNumber } from './listing.ts';
import { find } from './names.ts';
import type { ServedVolume } from './volume.ts';

const MAGIC = 0x65737431;
const SIZE = 36;
const layout = struct({ magic: u32, export: u32, fsid: u32, object: u64, generation: u64, more: u64 });
const badHandle = new NfsFailure('BADHANDLE');

/** What a handle leads to, and by which export it was given. */
export interface HandleTarget {
  readonly volume: ServedVolume;
  readonly node: NodeId;
  readonly exported: number;
}

/** What handles of any server's life are made with; what survives a restart is kept outside. */
export interface HandleSurroundings {
  readonly habit: HandleHabit;
  readonly volumes: readonly ServedVolume[];
  /** Of this life of the server: another number after each start. */
  readonly boot: number;
  /** Paths that handles stand for, by their number: kept over restarts. */
  readonly paths: string[];
}

interface TableRow {
  readonly volume: ServedVolume;
  readonly node: NodeId;
}

/** Makes file handles and finds what they lead to, by the habit that the server has. */
export class FileHandles {
  readonly #habit: HandleHabit;
  readonly #volumes: readonly ServedVolume[];
  readonly #boot: number;
  readonly #paths: string[];
  readonly #pathNumbers = new Map<string, number>();
  /** In the order of last use. */
  readonly #table = new Map<number, TableRow>();
  readonly #tableNumbers = new Map<string, number>();
  #nextNumber = 1;
  readonly #writer = new XdrWriter();

  constructor({ habit, volumes, boot, paths }: HandleSurroundings) {
    this.#habit = habit;
    this.#volumes = volumes;
    this.#boot = boot;
    this.#paths = paths;
    for (const [number, path] of paths.entries()) this.#pathNumbers.set(path, number);
  }

  /** The handle of a node, which the server holds. */
  encode(target: HandleTarget, parent: NodeId): Uint8Array {
    const { kind } = this.#habit;
    if (kind !== 'inode' && kind !== 'recycled-generation') return this.#make(target, parent);
    const { volume, node, exported } = target;
    const made = volume.nodes.handle(node, exported);
    if (made !== undefined) return made;
    const handle = this.#make(target, parent);
    volume.nodes.keepHandle(node, exported, handle);
    return handle;
  }

  #make({ volume, node, exported }: HandleTarget, parent: NodeId): Uint8Array {
    const { object, generation, more } = this.#identity(volume, node, parent);
    this.#writer.begin();
    layout.write(this.#writer, {
      magic: MAGIC,
      export: exported,
      fsid: volume.fsid,
      object,
      generation,
      more,
    });
    return this.#writer.end();
  }

  /** What a handle leads to where that is held, and no more than its number says; undefined where `decode` must find it. */
  decodeNow(handle: Uint8Array): HandleTarget | undefined {
    const { kind } = this.#habit;
    if (kind !== 'inode' && kind !== 'recycled-generation') return undefined;
    const { volume, exported, object, generation, more } = this.#parse(handle);
    if (typeof object !== 'number' || (more !== 0 && more !== this.#boot)) return undefined;
    const held = volume.nodes.knows(object, kind === 'inode' ? generation : undefined);
    return held === true ? { volume, node: object, exported } : undefined;
  }

  /** @throws NfsFailure BADHANDLE for what is none of this server's, ESTALE for what leads nowhere */
  *decode(handle: Uint8Array, context: Context): Step<HandleTarget> {
    const { volume, exported, ...rest } = this.#parse(handle);
    const node = yield* this.#find(volume, rest, context);
    return { volume, node, exported };
  }

  #parse(handle: Uint8Array) {
    if (handle.length !== SIZE) throw badHandle;
    const { magic, export: exported, fsid, object, generation, more } = layout.read(new XdrReader(handle));
    if (magic !== MAGIC) throw badHandle;
    const volume = this.#volumes.find((each) => each.fsid === fsid);
    if (volume === undefined) throw errno.ESTALE;
    return { volume, exported, object, generation, more };
  }

  #identity(volume: ServedVolume, node: NodeId, parent: NodeId): { object: U64; generation: U64; more: U64 } {
    const generation = volume.nodes.generation(node);
    // Where a node cannot be found by its number, the number means nothing once the server's references are gone.
    const epoch = volume.nodes.exportable || node === ROOT_NODE ? 0 : this.#boot;
    switch (this.#habit.kind) {
      case 'inode':
        return { object: node, generation, more: epoch };
      case 'subtree-check':
        return { object: node, generation, more: parent };
      case 'boot-generation':
        return { object: node, generation, more: this.#boot };
      case 'recycled-generation':
        return { object: node, generation: 0, more: epoch };
      case 'path':
        return { object: this.#pathNumber(volume, node), generation: 0, more: 0 };
      case 'table':
        return { object: node === ROOT_NODE ? 0 : this.#tableNumber(volume, node), generation: 0, more: this.#boot };
    }
  }

  *#find(
    volume: ServedVolume,
    { object, generation, more }: { readonly object: U64; readonly generation: U64; readonly more: U64 },
    context: Context,
  ): Step<NodeId> {
    if (typeof object !== 'number') throw errno.ESTALE;
    const number = object;
    switch (this.#habit.kind) {
      case 'inode':
      case 'recycled-generation': {
        if (more !== 0 && more !== this.#boot) throw errno.ESTALE;
        const wanted = this.#habit.kind === 'inode' ? generation : undefined;
        if (!(yield* volume.nodes.holds(number, wanted, context))) throw errno.ESTALE;
        return number;
      }
      case 'subtree-check': {
        if (!(yield* volume.nodes.holds(number, generation, context))) throw errno.ESTALE;
        const parent = typeof more === 'number' ? more : 0;
        if (parent !== 0 && !(yield* findByNumber(volume, parent, number, context))) throw errno.ESTALE;
        return number;
      }
      case 'boot-generation':
        if (more !== this.#boot || !(yield* volume.nodes.holds(number, generation, context))) throw errno.ESTALE;
        return number;
      case 'path':
        return yield* this.#walk(volume, this.#paths[number], context);
      case 'table': {
        if (number === 0) return ROOT_NODE;
        const row = this.#table.get(number);
        if (row === undefined || more !== this.#boot) throw errno.ESTALE;
        this.#table.delete(number);
        this.#table.set(number, row);
        if (!(yield* volume.nodes.holds(row.node, undefined, context))) throw errno.ESTALE;
        return row.node;
      }
    }
  }

  *#walk(volume: ServedVolume, path: string | undefined, context: Context): Step<NodeId> {
    if (path === undefined) throw errno.ESTALE;
    let node: NodeId = ROOT_NODE;
    for (const name of path.split('/').slice(1)) {
      const entry = yield* find({ volume, node, context }, name);
      if (entry === undefined) throw errno.ESTALE;
      node = entry.node;
    }
    return node;
  }

  /** A path with the filesystem's number in front. */
  #pathNumber(volume: ServedVolume, node: NodeId): number {
    const path = [volume.fsid, ...volume.nodes.path(node)].join('/');
    const known = this.#pathNumbers.get(path);
    if (known !== undefined) return known;
    const number = this.#paths.push(path) - 1;
    this.#pathNumbers.set(path, number);
    return number;
  }

  #tableNumber(volume: ServedVolume, node: NodeId): number {
    const key = `${volume.fsid}:${node}:${volume.nodes.generation(node)}`;
    const known = this.#tableNumbers.get(key);
    if (known !== undefined && this.#table.has(known)) return known;
    const number = this.#nextNumber++;
    this.#tableNumbers.set(key, number);
    this.#table.set(number, { volume, node });
    if (this.#habit.kind === 'table' && this.#table.size > this.#habit.capacity)
      for (const oldest of this.#table.keys()) {
        this.#table.delete(oldest);
        break;
      }
    return number;
  }
}
