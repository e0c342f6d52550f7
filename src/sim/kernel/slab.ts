const SLAB_SIZE = 1 << 18;
/** Larger pieces get memory of their own. */
const LARGEST_PIECE = 1 << 14;

let slab = new Uint8Array(0);
let used = 0;

/** A copy of bytes, 8-byte aligned. Small ones share memory, which is never written again: an ArrayBuffer each is slow. */
export function copyBytes(source: Uint8Array, start: number, end: number): Uint8Array {
  const size = end - start;
  if (size > LARGEST_PIECE) return source.slice(start, end);
  if (used + size > slab.length) {
    slab = new Uint8Array(SLAB_SIZE);
    used = 0;
  }
  const piece = slab.subarray(used, used + size);
  piece.set(source.subarray(start, end));
  used += (size + 7) & ~7;
  return piece;
}
