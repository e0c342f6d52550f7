/** A 32-bit hash of a text under a seed: FNV-1a with murmur3's finalizer, so that close labels give unlike numbers. */
export function hashText(seed: number, text: string): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return finish(hash);
}

function finish(hash: number): number {
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** The `counter`-th number, 0 to 2^32 - 1, of the sequence that belongs to a seed (splitmix32). */
export function sequenceNumber(seed: number, counter: number): number {
  return finish((seed + Math.imul(counter, 0x9e3779b9)) | 0);
}
