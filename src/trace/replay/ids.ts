import { ROOT_NODE, type U64 } from '../../vfs/index.ts';

/** A node of the recording and the one that stands for it, while the kernel holds references. */
interface Pair {
  readonly replayed: U64;
  readonly generation: U64;
  readonly replayedGeneration: U64;
  lookups: number;
}

/** Which node of the replay stands for which of the recording: as long as the kernel knows them, one for one. */
export class NodeMap {
  readonly #pairs = new Map<U64, Pair>();
  readonly #recorded = new Map<U64, U64>();
  readonly #forgotten: (node: U64) => void;

  /** `forgotten` hears of nodes of the recording that the kernel knows no longer. */
  constructor(forgotten: (node: U64) => void) {
    this.#forgotten = forgotten;
    const root = { replayed: ROOT_NODE, generation: 0, replayedGeneration: 0, lookups: Number.POSITIVE_INFINITY };
    this.#pairs.set(ROOT_NODE, root);
    this.#recorded.set(ROOT_NODE, ROOT_NODE);
  }

  /** The replay's node; one that is not known is passed on as it is. */
  replayed(node: U64): U64 {
    return this.#pairs.get(node)?.replayed ?? node;
  }

  /** An answer names a node: what it should be instead, where it does not fit. */
  meet(node: U64, generation: U64, replayed: U64, replayedGeneration: U64): string | undefined {
    const pair = this.#pairs.get(node);
    const other = this.#recorded.get(replayed);
    if (pair === undefined && other === undefined) {
      this.#pairs.set(node, { replayed, generation, replayedGeneration, lookups: 0 });
      this.#recorded.set(replayed, node);
      return undefined;
    }
    if (pair === undefined) return `another than that of node ${other}`;
    if (pair.replayed !== replayed) return `${pair.replayed}, which it was before`;
    // A node of the recording that is known under two generations is an error of its own, which is to be repeated.
    const same = pair.generation === generation;
    if (same !== (pair.replayedGeneration === replayedGeneration))
      return `node ${replayed} with ${same ? 'the' : 'another'} generation than before (${pair.replayedGeneration})`;
    return undefined;
  }

  /** The kernel has one reference more. */
  refer(node: U64): void {
    const pair = this.#pairs.get(node);
    if (pair !== undefined) pair.lookups += 1;
  }

  forget(node: U64, lookups: number): void {
    const pair = this.#pairs.get(node);
    if (pair === undefined) return;
    pair.lookups -= lookups;
    if (pair.lookups > 0) return;
    this.#pairs.delete(node);
    this.#recorded.delete(pair.replayed);
    this.#forgotten(node);
  }
}

interface InodePair {
  readonly replayed: U64;
  /** The node whose attributes named it; undefined where only a listing did. */
  owner: U64 | undefined;
}

/** Which inode number of the replay stands for which of the recording; those of forgotten nodes may come back as others. */
export class InodeMap {
  readonly #pairs = new Map<U64, InodePair>();
  readonly #ofNode = new Map<U64, U64>();

  /** The number that was expected instead, where `replayed` does not fit. `owner` is the recording's node, where it is known. */
  meet(ino: U64, replayed: U64, owner: U64 | undefined): string | undefined {
    const pair = this.#pairs.get(ino);
    if (pair !== undefined && pair.replayed !== replayed && pair.owner !== undefined)
      return `${pair.replayed}, as before`;
    const known = pair !== undefined && pair.replayed === replayed ? pair.owner : undefined;
    this.#pairs.set(ino, { replayed, owner: owner ?? known });
    if (owner !== undefined) this.#ofNode.set(owner, ino);
    return undefined;
  }

  forget(node: U64): void {
    const ino = this.#ofNode.get(node);
    this.#ofNode.delete(node);
    if (ino !== undefined && this.#pairs.get(ino)?.owner === node) this.#pairs.delete(ino);
  }
}

/** Handles, and positions in listings, of the replay by those of the recording; a node's own. */
export class PerNodeMap {
  readonly #values = new Map<string, U64>();

  set(node: U64, recorded: U64, replayed: U64): void {
    this.#values.set(`${node}:${recorded}`, replayed);
  }

  /** One that is not known is passed on as it is. */
  replayed(node: U64, recorded: U64): U64 {
    return this.#values.get(`${node}:${recorded}`) ?? recorded;
  }
}

/** What stands for what in a replay. */
export class Ids {
  readonly inodes = new InodeMap();
  readonly nodes = new NodeMap((node) => this.inodes.forget(node));
  readonly handles = new PerNodeMap();
  /** Positions in listings. */
  readonly positions = new PerNodeMap();
  /** Uniques of RETRIEVE notifications, which NOTIFY_REPLY carries back. */
  readonly retrievals = new Map<U64, U64>();
}
