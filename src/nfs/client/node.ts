import { type Attributes, isDirectory, type NodeId, type Timespec, type U64 } from '../../vfs/index.ts';
import type { Credential } from '../rpc/index.ts';
import type { UnwrittenData } from './unwritten-data.ts';

/** A name in a directory, as it was last heard of; without a node: it is not there. */
export interface Dentry {
  readonly parent: Node;
  readonly name: string;
  readonly node: Node | undefined;
  /** The directory's epoch, and when the server was asked. */
  readonly epoch: number;
  readonly asked: number;
}

/** Where a file went that was unlinked while it was open. */
export interface SillyName {
  readonly directory: Node;
  readonly name: string;
  /** Who may remove it there. */
  readonly credential: Credential;
}

/** A file or directory of the server: one for each handle. */
export class Node {
  readonly id: NodeId;
  readonly handle: Uint8Array;
  /** The handle as a key. */
  readonly key: string;
  /** Tells the kernel, and whoever compares what several clients see, which of the files with one inode number it is. */
  readonly generation: number;
  /** References of the kernel. */
  lookups = 0;
  /** Descriptors, and what else needs the node for a while. */
  uses = 0;
  /** Open files, and those that are being opened. */
  descriptors = 0;
  /** A name of it is being removed: who opens it waits for that, so that it is either open or gone. */
  removing: Promise<void> | undefined;

  attributes: Attributes | undefined;
  fsid: U64 | undefined;
  /** When the attributes were taken, in the order of all events of the client. */
  taken = 0;
  /** Nothing has happened since that makes them wrong. */
  valid = false;
  /** Monotonic milliseconds until which they are believed, and for how long they were. */
  believedUntil = 0;
  believedFor = 0;
  /** Counts changes of content, or names, that others made. */
  epoch = 0;
  /** When this client changed names in it, in the order of all events. */
  renamed = 0;
  /** The epoch whose data the kernel may still have in its cache. */
  cachedEpoch: number | undefined;

  /** What the server allows, by caller, of what was asked. */
  readonly access = new Map<string, { readonly asked: number; readonly allowed: number }>();
  readonly children = new Map<string, Dentry>();
  readonly dentries = new Set<Dentry>();

  /** This client removed a name of it, at this time of the server. */
  removed: Timespec | undefined;
  /** It is gone, and what is known of it is all that is left. */
  dead = false;
  /** The server said so of its handle. */
  stale = false;
  silly: SillyName | undefined;
  unwritten: UnwrittenData | undefined;

  constructor(id: NodeId, handle: Uint8Array, key: string) {
    this.id = id;
    this.handle = handle;
    this.key = key;
    this.generation = hashOf(handle);
  }

  get isDirectory(): boolean {
    return this.attributes !== undefined && isDirectory(this.attributes.mode);
  }

  get isUsed(): boolean {
    return this.lookups > 0 || this.uses > 0;
  }

  /** The attributes may be others by now. */
  invalidate(now: number): void {
    this.valid = false;
    this.taken = now;
    this.access.clear();
  }
}

/** FNV-1a. */
function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
