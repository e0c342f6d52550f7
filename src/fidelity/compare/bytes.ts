/** Bytes for comparison: how many, and a hash of them (FNV-1a). */
export function digest(bytes: Uint8Array): string {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return `${bytes.length} bytes ${(hash >>> 0).toString(16)}`;
}

/** Bytes that belong to a range, or several. */
export interface Piece {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** What pieces cover, the later ones over the earlier: each range with the digest of its bytes. */
export function covered(pieces: readonly Piece[]): string {
  const ranges: { start: number; end: number }[] = [];
  for (const { offset, bytes } of [...pieces].sort((a, b) => a.offset - b.offset)) {
    const last = ranges.at(-1);
    if (last !== undefined && offset <= last.end) last.end = Math.max(last.end, offset + bytes.length);
    else ranges.push({ start: offset, end: offset + bytes.length });
  }
  return ranges
    .map(({ start, end }) => {
      const content = new Uint8Array(end - start);
      for (const { offset, bytes } of pieces) if (offset >= start && offset < end) content.set(bytes, offset - start);
      return `[${start}, ${end}) ${digest(content)}`;
    })
    .join(', ');
}
