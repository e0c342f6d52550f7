import { PROT_WRITE } from '../vfs/index.ts';
import type { Content, Watcher } from './content.ts';
import type { OpenFile } from './process.ts';
import { Ranges } from './ranges.ts';

/** Bytes of a page: x86-64's. */
export const PAGE = 4096;

export const pageStart = (offset: number): number => Math.floor(offset / PAGE) * PAGE;
export const pageEnd = (offset: number): number => Math.ceil(offset / PAGE) * PAGE;

/** A page of a private mapping that was stored into; `open` are bytes of the file that it may have copied before or after a change. */
interface OwnPage {
  readonly bytes: Uint8Array;
  readonly open: Ranges;
}

/**
 * A mapping of a regular file. Ranges count from the start of the file. A shared one has no bytes of its own. Of a private
 * one the pages that were stored into are its own; whether others show what happens to the file after the mmap is left open
 * by POSIX, so it watches what does.
 */
export class Mapping implements Watcher {
  readonly file: OpenFile;
  /** In the file, where it begins. */
  readonly offset: number;
  /** Bytes, whole pages. */
  readonly length: number;
  readonly protection: number;
  readonly isShared: boolean;
  readonly #changed = new Ranges();
  readonly #own = new Map<number, OwnPage>();

  constructor(file: OpenFile, offset: number, length: number, protection: number, isShared: boolean) {
    this.file = file;
    this.offset = offset;
    this.length = length;
    this.protection = protection;
    this.isShared = isShared;
    file.references++;
    if (!isShared) this.content.watch(this);
  }

  get content(): Content {
    return this.file.inode.content as Content;
  }

  get isReadable(): boolean {
    return this.protection !== 0;
  }
  get isWritable(): boolean {
    return (this.protection & PROT_WRITE) !== 0;
  }

  changed(start: number, end: number): void {
    this.#changed.add(start, end);
  }

  /** Pages behind the end are gone, own ones too; one that holds the end may keep its bytes. */
  cut(size: number): void {
    for (const [start, { open }] of this.#own) {
      if (start >= size) this.#own.delete(start);
      else open.add(size, start + PAGE);
    }
  }

  /** What is its own is there, or is as in the file again. */
  mayBeCut(): void {
    for (const [start, { open }] of this.#own) open.add(start, start + PAGE);
  }

  fork(): Mapping {
    const child = new Mapping(this.file, this.offset, this.length, this.protection, this.isShared);
    child.#changed.addAll(this.#changed, 0, Infinity);
    for (const [start, { bytes, open }] of this.#own) {
      const copy = { bytes: bytes.slice(), open: new Ranges() };
      copy.open.addAll(open, 0, Infinity);
      child.#own.set(start, copy);
    }
    return child;
  }

  /** The first byte of `actual` that differs from what may be seen at `at`, with what should be there. */
  difference(at: number, actual: Uint8Array): { at: number; expected: number; cause: string | undefined } | undefined {
    const { content } = this;
    for (let from = at; from < at + actual.length; ) {
      const start = pageStart(from);
      const own = this.#own.get(start);
      const part = actual.subarray(from - at, start + PAGE - at);
      if (own === undefined) {
        const wrong = content.difference(from, part, this.#changed);
        if (wrong >= 0) return { at: wrong, expected: content.byte(wrong), cause: content.causeAt(wrong) };
      } else
        for (let i = 0; i < part.length; i++) {
          const expected = own.bytes[from - start + i];
          if (part[i] !== expected && own.open.endAround(from + i) === undefined)
            return { at: from + i, expected, cause: 'store' };
        }
      from = start + PAGE;
    }
    return undefined;
  }

  /** Bytes are stored into a private mapping at `at`. */
  storePrivately(at: number, bytes: Uint8Array): void {
    for (let from = at; from < at + bytes.length; ) {
      const start = pageStart(from);
      const part = bytes.subarray(from - at, start + PAGE - at);
      const own = this.#own.get(start) ?? this.#copied(start);
      own.bytes.set(part, from - start);
      own.open.remove(from, from + part.length);
      from = start + PAGE;
    }
  }

  #copied(start: number): OwnPage {
    const own = this.content.copy(start, PAGE);
    own.open.addAll(this.#changed, start, start + PAGE);
    this.#own.set(start, own);
    return own;
  }
}
