import {
  type Context,
  type Dirent,
  type DirentSink,
  type NodeId,
  nameFromBytes,
  type PackedDirents,
  type U64,
} from '../../../vfs/index.ts';
import { ask, type Step } from '../step.ts';
import type { ServedVolume } from './volume.ts';

/** Collects entries, as many as are wanted. */
class Collector implements DirentSink {
  readonly entries: Dirent[] = [];
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  add(name: string, ino: U64, type: number, offset: U64): boolean {
    if (this.entries.length >= this.#most) return false;
    this.entries.push({ name, ino, type, offset });
    return true;
  }

  addPacked({ bytes, offsets, ends, count }: PackedDirents, offset: U64): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let i = 0; i < count; i++) {
      if (offsets[i] <= Number(offset)) continue;
      const at = i === 0 ? 0 : ends[i - 1];
      const ino = view.getBigUint64(at, true);
      const length = view.getUint32(at + 16, true);
      const name = nameFromBytes(bytes.subarray(at + 24, at + 24 + length));
      const small = Number(ino);
      if (!this.add(name, Number.isSafeInteger(small) ? small : ino, view.getUint32(at + 20, true), offsets[i])) return;
    }
  }
}

/** Entries of a directory behind a position of the filesystem's own; at most so many. */
export function* readDirectory(
  { filesystem }: ServedVolume,
  node: NodeId,
  offset: U64,
  most: number,
  context: Context,
): Step<readonly Dirent[]> {
  if (filesystem.readdir === undefined) return [];
  const opened = filesystem.opendir === undefined ? { fh: 0 } : yield* ask(filesystem.opendir(node, 0, context));
  const sink = new Collector(most);
  try {
    let from = offset;
    for (;;) {
      const before = sink.entries.length;
      yield* ask(filesystem.readdir(node, opened.fh, from, sink, context));
      if (sink.entries.length === before || sink.entries.length >= most) return sink.entries;
      from = sink.entries[sink.entries.length - 1].offset;
    }
  } finally {
    if (filesystem.releasedir !== undefined) yield* ask(filesystem.releasedir(node, opened.fh, context));
  }
}

/** Whether a directory has a name for a node. */
export function* findByNumber(volume: ServedVolume, directory: NodeId, node: NodeId, context: Context): Step<boolean> {
  const asRoot = { ...context, uid: 0, gid: 0 };
  const { ino } = yield* ask(volume.filesystem.getattr(node, undefined, asRoot));
  const entries = yield* readDirectory(volume, directory, 0, Number.POSITIVE_INFINITY, asRoot);
  return entries.some((entry) => entry.ino === ino && entry.name !== '.' && entry.name !== '..');
}
