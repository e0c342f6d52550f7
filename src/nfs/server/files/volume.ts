import type { FileSystem, NodeId } from '../../../vfs/index.ts';
import type { ServerHabits } from '../options.ts';
import { NodeCache } from './node-cache.ts';

/** A filesystem that is served. */
export class ServedVolume {
  readonly at: string;
  readonly filesystem: FileSystem;
  /** As attributes and handles tell it. */
  readonly fsid: number;
  readonly nodes: NodeCache;
  readonly times: ServerHabits['times'];
  /** The directory that this volume is on, in the volume above. */
  over: { readonly volume: ServedVolume; readonly node: NodeId } | undefined;
  /** Volumes on directories of this one. */
  readonly covered = new Map<NodeId, ServedVolume>();

  constructor(at: string, filesystem: FileSystem, fsid: number, times: ServerHabits['times']) {
    this.at = at;
    this.filesystem = filesystem;
    this.fsid = fsid;
    this.times = times;
    this.nodes = new NodeCache(filesystem);
  }
}
