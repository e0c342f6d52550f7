export const PAGE_SIZE = 4096;

/** What a preallocated page is until it is written: it takes space, reads as zeros, and counts as a hole. Never written to. */
export const UNWRITTEN: Uint8Array = new Uint8Array(PAGE_SIZE);

const KEPT_PAGES = 1024;

/** The space of a filesystem, in pages. Given-back pages are kept for the next file: allocating them is what costs. */
export class PagePool {
  /** Pages of the whole filesystem. */
  readonly total: number;
  free: number;
  readonly #kept: Uint8Array[] = [];

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
    if (page === undefined) return new Uint8Array(PAGE_SIZE);
    return zeroed ? page.fill(0) : page;
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
