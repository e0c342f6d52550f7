import type { Random } from '../environment.ts';

/** Random numbers of the platform's cryptographic generator, drawn in batches. */
export function nodeRandom(): Random {
  const batch = new Uint32Array(256);
  let used = batch.length;
  return {
    uint32() {
      if (used === batch.length) {
        crypto.getRandomValues(batch);
        used = 0;
      }
      return batch[used++];
    },
  };
}
