import { Ranges } from './ranges.ts';

/**
 * The bytes of a regular file as extents over zeros: what was written, by reference, in order of offset, without overlap.
 * The size belongs to the inode.
 */
interface Extent {
  readonly start: number;
  readonly bytes: Uint8Array;
  /** The call that wrote it. */
  readonly cause: string;
}

const zeros = new Uint8Array(1 << 16);

const same = (a: Uint8Array, aStart: number, b: Uint8Array, bStart: number, length: number): boolean => {
  if (length > 64)
    return Buffer.compare(a.subarray(aStart, aStart + length), b.subarray(bStart, bStart + length)) === 0;
  for (let i = 0; i < length; i++) if (a[aStart + i] !== b[bStart + i]) return false;
  return true;
};

const sameAsZeros = (bytes: Uint8Array, start: number, end: number): boolean => {
  for (let at = start; at < end; at += zeros.length)
    if (!same(bytes, at, zeros, 0, Math.min(zeros.length, end - at))) return false;
  return true;
};

/** Somebody who wants to know which bytes of a file changed after he looked: a private mapping. */
export interface Watcher {
  changed(start: number, end: number): void;
  /** The file was cut off here. */
  cut(size: number): void;
  /** It may have been cut off, wherever. */
  mayBeCut(): void;
}

export class Content {
  #extents: Extent[] = [];
  /**
   * Bytes that may be anything: a store put them into the last page behind the end of the file, and what becomes of them
   * when the file grows over them is nowhere said.
   */
  readonly #open = new Ranges();
  readonly #watchers = new Set<Watcher>();
  /** Rises with every change. */
  changes = 0;

  /** The first extent that ends behind `offset`. */
  #first(offset: number): number {
    let i = 0;
    while (i < this.#extents.length && this.#extents[i].start + this.#extents[i].bytes.length <= offset) i++;
    return i;
  }

  watch(watcher: Watcher): void {
    this.#watchers.add(watcher);
  }

  unwatch(watcher: Watcher): void {
    this.#watchers.delete(watcher);
  }

  /** Leaves open what [start, end) holds. */
  forget(start: number, end: number): void {
    this.#open.add(start, end);
    for (const watcher of this.#watchers) watcher.changed(start, end);
  }

  /** Takes away all from `size` on, what lies in memory behind the end too (truncate_pagecache). */
  cut(size: number): void {
    this.clear(size, Infinity);
    for (const watcher of this.#watchers) watcher.cut(size);
  }

  /** Leaves open whether something was taken away. */
  mayBeCut(): void {
    this.forget(0, Number.POSITIVE_INFINITY);
    for (const watcher of this.#watchers) watcher.mayBeCut();
  }

  /** Makes [start, end) a hole. */
  clear(start: number, end: number): void {
    this.changes += 1;
    this.#open.remove(start, end);
    for (const watcher of this.#watchers) watcher.changed(start, end);
    const i = this.#first(start);
    let last = i;
    const kept: Extent[] = [];
    for (; last < this.#extents.length && this.#extents[last].start < end; last++) {
      const { start: at, bytes, cause } = this.#extents[last];
      if (at < start) kept.push({ start: at, bytes: bytes.subarray(0, start - at), cause });
      if (at + bytes.length > end) kept.push({ start: end, bytes: bytes.subarray(end - at), cause });
    }
    if (last > i || kept.length > 0) this.#extents.splice(i, last - i, ...kept);
  }

  write(offset: number, bytes: Uint8Array, cause: string): void {
    if (bytes.length === 0) return;
    this.clear(offset, offset + bytes.length);
    this.#extents.splice(this.#first(offset), 0, { start: offset, bytes, cause });
  }

  /** What a copy of [from, from + length) to `to` brings with it. */
  copyTo(target: Content, from: number, to: number, length: number, cause: string): void {
    const pieces: Extent[] = [];
    for (let i = this.#first(from); i < this.#extents.length && this.#extents[i].start < from + length; i++) {
      const { start, bytes } = this.#extents[i];
      const low = Math.max(start, from);
      const high = Math.min(start + bytes.length, from + length);
      pieces.push({ start: to + low - from, bytes: bytes.subarray(low - start, high - start), cause });
    }
    const open = new Ranges();
    open.addAll(this.#open, from, from + length, to - from);
    target.clear(to, to + length);
    for (const piece of pieces) target.write(piece.start, piece.bytes, cause);
    for (const [start, end] of open.within(to, to + length)) target.forget(start, end);
  }

  /** A copy of the bytes, and which of them are left open. */
  copy(offset: number, length: number): { bytes: Uint8Array; open: Ranges } {
    const bytes = new Uint8Array(length);
    for (let i = this.#first(offset); i < this.#extents.length && this.#extents[i].start < offset + length; i++) {
      const { start, bytes: from } = this.#extents[i];
      const low = Math.max(start, offset);
      bytes.set(from.subarray(low - start, offset + length - start), low - offset);
    }
    const open = new Ranges();
    open.addAll(this.#open, offset, offset + length);
    return { bytes, open };
  }

  /**
   * Position of the first byte of `actual` that differs from what stands at `offset`, -1 where there is none; `open` are
   * bytes that need not be looked at.
   */
  difference(offset: number, actual: Uint8Array, open?: Ranges): number {
    const end = offset + actual.length;
    for (let from = offset; from < end; ) {
      const at = this.#difference(from, actual.subarray(from - offset));
      if (at < 0) return -1;
      const next = this.#open.endAround(at) ?? open?.endAround(at);
      if (next === undefined) return at;
      from = next;
    }
    return -1;
  }

  #difference(offset: number, actual: Uint8Array): number {
    const end = offset + actual.length;
    let at = offset;
    for (let i = this.#first(offset); at < end; i++) {
      const extent = this.#extents[i];
      const hole = Math.min(extent === undefined ? end : extent.start, end);
      if (hole > at && !sameAsZeros(actual, at - offset, hole - offset)) return this.#locate(offset, actual, at);
      if (extent === undefined || hole === end) return -1;
      const from = Math.max(at, extent.start);
      const to = Math.min(extent.start + extent.bytes.length, end);
      if (!same(actual, from - offset, extent.bytes, from - extent.start, to - from))
        return this.#locate(offset, actual, from);
      at = to;
    }
    return -1;
  }

  #locate(offset: number, actual: Uint8Array, from: number): number {
    for (let at = from; ; at++) if (this.byte(at) !== actual[at - offset]) return at;
  }

  byte(at: number): number {
    const extent = this.#extents[this.#first(at)];
    return extent === undefined || extent.start > at ? 0 : extent.bytes[at - extent.start];
  }

  /** The call that wrote the byte, undefined in a hole. */
  causeAt(at: number): string | undefined {
    const extent = this.#extents[this.#first(at)];
    return extent === undefined || extent.start > at ? undefined : extent.cause;
  }

  /** Where the first data at or behind `offset` begins, undefined where there is none. */
  dataFrom(offset: number): number | undefined {
    const extent = this.#extents[this.#first(offset)];
    return extent === undefined ? undefined : Math.max(extent.start, offset);
  }

  /** Whether the byte was never written, or was made a hole since. */
  isHole(at: number): boolean {
    const extent = this.#extents[this.#first(at)];
    return extent === undefined || extent.start > at;
  }

  /** The written ranges, for those who read a large sparse file piece by piece. */
  *ranges(): Generator<{ start: number; end: number }> {
    for (const { start, bytes } of this.#extents) yield { start, end: start + bytes.length };
  }
}
