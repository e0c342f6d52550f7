export const PAGE_SIZE = 4096;

/** What a preallocated page is until it is written: it takes space, reads as zeros, and counts as a hole. Never written to. */
export const UNWRITTEN: Uint8Array = new Uint8Array(PAGE_SIZE);

const KEPT_PAGES = 1024;
const MOST_SLAB_PAGES = 64;

/** The space of a filesystem, in pages. Given-back pages are kept for the next file: allocating them is what costs. */
export class PagePool {
  /** Pages of the whole filesystem. */
  readonly total: number;
  free: number;
  readonly #kept: Uint8Array[] = [];
  /** Pages of the next slab: small filesystems, of which tests make many, take little. */
  #slabPages = 4;

  constructor(total: number) {
    this.total = total;
    this.free = total;
  }

  /** Takes `count` pages of space; false, and nothing taken, where there are not as many. */
  reserve(count: number): boolean {
    if (count > this.free) return false;
    this.free -= count;
    return true;
  }

  /** Memory for a page of space that is reserved; zeroed unless the caller overwrites all of it. */
  page(zeroed: boolean): Uint8Array {
    const page = this.#kept.pop();
    if (page === undefined) return this.#slab();
    return zeroed ? page.fill(0) : page;
  }

  /** Pages that lie side by side are copied faster than pages that are allocated one by one. */
  #slab(): Uint8Array {
    const pages = this.#slabPages;
    this.#slabPages = Math.min(2 * pages, MOST_SLAB_PAGES);
    const slab = new ArrayBuffer(pages * PAGE_SIZE);
    for (let i = pages - 1; i > 0; i--) this.#kept.push(new Uint8Array(slab, i * PAGE_SIZE, PAGE_SIZE));
    return new Uint8Array(slab, 0, PAGE_SIZE);
  }

  /** Gives back a page and its space. */
  release(page: Uint8Array): void {
    this.free += 1;
    this.discard(page);
  }

  /** Gives back the memory of a page; its space stays reserved. */
  discard(page: Uint8Array): void {
    if (page !== UNWRITTEN && this.#kept.length < KEPT_PAGES) this.#kept.push(page);
  }
}
