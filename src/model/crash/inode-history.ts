import { S_IFMT } from '../../vfs/index.ts';
import type { Inode } from '../inode.ts';
import type { Dated } from './dated.ts';

/** Bytes that may be there or not, each such block for itself: the smallest sector of disks. */
export const BLOCK = 512;

const zeros = new Uint8Array(BLOCK);

export interface Attributes {
  readonly mode: number;
  /** Bits of the mode that may also be set. */
  readonly openBits: number;
  readonly uid: number;
  readonly gid: number;
}

export interface Size {
  readonly size: number;
  /** It may have been reached by multiples of so many bytes, because a write is several requests. Infinity: at once. */
  readonly step: number;
}

export interface Sync {
  readonly at: number;
  /** fdatasync(2): bytes and size. */
  readonly dataOnly: boolean;
}

/** What an inode of the model was, call by call. */
export class InodeHistory {
  readonly inode: Inode;
  readonly type: number;
  readonly attributes: Dated<Attributes>[] = [];
  readonly sizes: Dated<Size>[] = [];
  readonly blocks = new Map<number, Dated<Uint8Array>[]>();
  readonly xattrs = new Map<string, Dated<Uint8Array | undefined>[]>();
  /** Of a directory: what each name that it ever had stood for. */
  readonly names = new Map<string, Dated<InodeHistory | undefined>[]>();
  readonly syncs: Sync[] = [];
  #contentChanges = -1;

  constructor(inode: Inode) {
    this.inode = inode;
    this.type = inode.mode & S_IFMT;
  }

  /** The last sync that was over after `done` calls; 0 is the start. */
  lastSync(done: number, dataToo: boolean): number {
    let last = 0;
    for (const { at, dataOnly } of this.syncs) if (at <= done && (dataToo || !dataOnly)) last = at;
    return last;
  }

  /** Notes what a call has changed; `step` as in `Size`. */
  record(at: number, step: number, historyOf: (inode: Inode) => InodeHistory): void {
    const { mode, openBits, uid, gid, size, entries, content, xattrs } = this.inode;
    const last = this.attributes.at(-1)?.value;
    if (last?.mode !== mode || last.openBits !== openBits || last.uid !== uid || last.gid !== gid)
      this.attributes.push({ at, value: { mode, openBits, uid, gid } });
    if (content !== undefined) {
      if (this.sizes.at(-1)?.value.size !== size) this.sizes.push({ at, value: { size, step } });
      if (content.changes !== this.#contentChanges) this.#recordContent(at);
      this.#contentChanges = content.changes;
    }
    for (const [name, child] of entries ?? []) note(this.names, name, historyOf(child), at);
    for (const name of this.names.keys()) if (!entries?.has(name)) note(this.names, name, undefined, at);
    for (const [name, value] of xattrs ?? []) note(this.xattrs, name, value, at);
    for (const name of this.xattrs.keys()) if (!xattrs?.has(name)) note(this.xattrs, name, undefined, at);
  }

  #recordContent(at: number): void {
    const { content } = this.inode;
    if (content === undefined) return;
    const written = new Set(this.blocks.keys());
    for (const { start, end } of content.ranges())
      for (let block = Math.floor(start / BLOCK); block * BLOCK < end; block++) written.add(block);
    for (const block of written) {
      const { bytes } = content.copy(block * BLOCK, BLOCK);
      const values = this.blocks.get(block);
      if (values === undefined) this.blocks.set(block, [...this.#hole(at), { at, value: bytes }]);
      else if (Buffer.compare(values[values.length - 1].value, bytes) !== 0) values.push({ at, value: bytes });
    }
  }

  /** What a block was until it was written. */
  #hole(at: number): Dated<Uint8Array>[] {
    return at === 0 ? [] : [{ at: this.attributes[0].at, value: zeros }];
  }
}

function note<T>(map: Map<string, Dated<T | undefined>[]>, name: string, value: T | undefined, at: number): void {
  const values = map.get(name);
  if (values === undefined)
    map.set(
      name,
      at === 0
        ? [{ at, value }]
        : [
            { at: 0, value: undefined },
            { at, value },
          ],
    );
  else if (values[values.length - 1].value !== value) values.push({ at, value });
}
