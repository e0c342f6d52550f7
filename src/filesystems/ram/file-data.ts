import { PAGE_SIZE, type PagePool, UNWRITTEN } from './page-pool.ts';

/**
 * The bytes of a regular file, in pages; a page that is not there is a hole. Invariant: what a page holds behind the end
 * of the file is zero, so that growing the file shows nothing old.
 */
export class FileData {
  size = 0;
  readonly #pool: PagePool;
  readonly #pages = new Map<number, Uint8Array>();

  constructor(pool: PagePool) {
    this.#pool = pool;
  }

  /** Space in units of 512 bytes, preallocated pages included. */
  get blocks(): number {
    return this.#pages.size * (PAGE_SIZE / 512);
  }

  /** Fills `into` from `offset` on, up to the end of the file; answers the number of bytes. */
  read(into: Uint8Array, offset: number): number {
    const length = Math.min(into.length, this.size - offset);
    if (length <= 0) return 0;
    let index = Math.floor(offset / PAGE_SIZE);
    let from = offset - index * PAGE_SIZE;
    for (let done = 0; done < length; from = 0, index += 1) {
      const count = Math.min(PAGE_SIZE - from, length - done);
      const page = this.#pages.get(index);
      if (page === undefined) into.fill(0, done, done + count);
      else into.set(count === PAGE_SIZE ? page : page.subarray(from, from + count), done);
      done += count;
    }
    return length;
  }

  /** Writes what there is space for; answers the number of bytes. */
  write(data: Uint8Array, offset: number): number {
    let index = Math.floor(offset / PAGE_SIZE);
    let from = offset - index * PAGE_SIZE;
    let done = 0;
    for (; done < data.length; from = 0, index += 1) {
      const count = Math.min(PAGE_SIZE - from, data.length - done);
      const page = this.#pageToWrite(index, count);
      if (page === undefined) break;
      page.set(count === data.length ? data : data.subarray(done, done + count), from);
      done += count;
    }
    if (done > 0 && offset + done > this.size) this.size = offset + done;
    return done;
  }

  /** Copies what there is space for; answers the number of bytes. Holes become zeros. */
  copyFrom(source: FileData, offsetIn: number, offsetOut: number, length: number): number {
    const buffer = new Uint8Array(Math.min(length, 16 * PAGE_SIZE));
    let done = 0;
    while (done < length) {
      const part = buffer.subarray(0, Math.min(buffer.length, length - done));
      const count = this.write(part.subarray(0, source.read(part, offsetIn + done)), offsetOut + done);
      done += count;
      if (count < part.length) break;
    }
    return done;
  }

  #pageToWrite(index: number, count: number): Uint8Array | undefined {
    const present = this.#pages.get(index);
    if (present !== undefined && present !== UNWRITTEN) return present;
    if (present === undefined && !this.#pool.reserve(1)) return undefined;
    const page = this.#pool.page(count < PAGE_SIZE);
    this.#pages.set(index, page);
    return page;
  }

  /** Cuts or grows the file; growing makes a hole, cutting also gives back what was preallocated behind the end. */
  truncate(size: number): void {
    if (size <= this.size) this.#drop(size, Number.POSITIVE_INFINITY);
    this.size = size;
  }

  /** Makes a hole: the bytes from `start` to before `end` read as zeros. */
  punch(start: number, end: number): void {
    this.#drop(start, end);
  }

  /** Makes zeros of a range and keeps its space. */
  zero(start: number, end: number): void {
    for (const [index, page] of this.#pagesIn(Math.floor(start / PAGE_SIZE), Math.ceil(end / PAGE_SIZE))) {
      const from = Math.max(0, start - index * PAGE_SIZE);
      const to = Math.min(PAGE_SIZE, end - index * PAGE_SIZE);
      if (to - from < PAGE_SIZE) this.#zeroPart(index, from, to);
      else if (page !== UNWRITTEN) {
        this.#pages.set(index, UNWRITTEN);
        this.#pool.discard(page);
      }
    }
  }

  /** Takes the space of every page in the range; false, and nothing taken, where there is not enough. */
  preallocate(start: number, end: number): boolean {
    const first = Math.floor(start / PAGE_SIZE);
    const behind = Math.ceil(end / PAGE_SIZE);
    if (!this.#pool.reserve(behind - first - this.#countPages(first, behind))) return false;
    for (let index = first; index < behind; index += 1) if (!this.#pages.has(index)) this.#pages.set(index, UNWRITTEN);
    return true;
  }

  /** The first position of data from `offset` on, undefined where only holes follow (SEEK_DATA). */
  seekData(offset: number): number | undefined {
    const index = Math.floor(offset / PAGE_SIZE);
    if (this.#hasData(index)) return offset;
    let next = Number.POSITIVE_INFINITY;
    for (const [key, page] of this.#pages) if (key > index && key < next && page !== UNWRITTEN) next = key;
    return next * PAGE_SIZE < this.size ? next * PAGE_SIZE : undefined;
  }

  /** The first position of a hole from `offset` on; the end of the file is one (SEEK_HOLE). */
  seekHole(offset: number): number {
    let index = Math.floor(offset / PAGE_SIZE);
    if (!this.#hasData(index)) return offset;
    while (this.#hasData(index)) index += 1;
    return Math.min(index * PAGE_SIZE, this.size);
  }

  #hasData(index: number): boolean {
    const page = this.#pages.get(index);
    return page !== undefined && page !== UNWRITTEN;
  }

  /** Zeroes the parts of pages at both ends of a range and gives back the whole pages between. */
  #drop(start: number, end: number): void {
    if (this.#pages.size === 0) return;
    const first = Math.ceil(start / PAGE_SIZE);
    const behind = Math.floor(end / PAGE_SIZE);
    if (first > behind) {
      this.#zeroPart(behind, start - behind * PAGE_SIZE, end - behind * PAGE_SIZE);
      return;
    }
    if (start < first * PAGE_SIZE) this.#zeroPart(first - 1, start - (first - 1) * PAGE_SIZE, PAGE_SIZE);
    if (end > behind * PAGE_SIZE) this.#zeroPart(behind, 0, end - behind * PAGE_SIZE);
    for (const [index, page] of this.#pagesIn(first, behind)) {
      this.#pages.delete(index);
      this.#pool.release(page);
    }
  }

  #zeroPart(index: number, from: number, to: number): void {
    const page = this.#pages.get(index);
    if (page !== undefined && page !== UNWRITTEN) page.fill(0, from, to);
  }

  /** The pages of a range, by walking the range or all pages, whichever is shorter: a sparse file may be huge. */
  *#pagesIn(first: number, behind: number): Generator<[number, Uint8Array]> {
    if (behind - first > this.#pages.size) {
      for (const entry of this.#pages) if (entry[0] >= first && entry[0] < behind) yield entry;
    } else
      for (let index = first; index < behind; index += 1) {
        const page = this.#pages.get(index);
        if (page !== undefined) yield [index, page];
      }
  }

  #countPages(first: number, behind: number): number {
    let count = 0;
    for (const _ of this.#pagesIn(first, behind)) count += 1;
    return count;
  }
}
