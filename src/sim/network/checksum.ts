/** Bytes of data in a segment on Ethernet: each has a checksum of its own. */
export const SEGMENT_MOST = 1460;

/** The Internet checksum of data (RFC 1071): the one's complement of the one's complement sum of its 16-bit words. */
export function internetChecksum(data: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < data.length; i += 2) sum += (data[i] << 8) + (i + 1 < data.length ? data[i + 1] : 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return sum ^ 0xffff;
}

/**
 * Whether TCP takes the one for the other: the checksums of all segments are equal. Headers and pseudo-header are the same on
 * both sides and change nothing.
 */
export function passesChecksum(sent: Uint8Array, arrived: Uint8Array): boolean {
  if (sent.length !== arrived.length) return false;
  for (let at = 0; at < sent.length; at += SEGMENT_MOST) {
    const end = at + SEGMENT_MOST;
    if (internetChecksum(sent.subarray(at, end)) !== internetChecksum(arrived.subarray(at, end))) return false;
  }
  return true;
}

/** What a bad memory or bus on the way does to data (Stone and Partridge, SIGCOMM 2000). */
export type Damage =
  /** Two neighbouring 16-bit words change places: the checksum holds. */
  | { readonly kind: 'swap-words'; readonly at: number }
  /** One bit is set and the same bit of another word is cleared: the checksum holds. */
  | { readonly kind: 'flip-pair'; readonly at: number }
  /** One bit is flipped: the checksum tells. */
  | { readonly kind: 'flip'; readonly at: number };

/**
 * Damaged data, a copy: at the first place from byte `at` on where the damage changes anything and stays within a segment;
 * undefined where there is none.
 */
export function damage(data: Uint8Array, { kind, at }: Damage): Uint8Array | undefined {
  const spoilt = data.slice();
  if (kind === 'flip') {
    if (at >= data.length) return undefined;
    spoilt[at] ^= 1;
    return spoilt;
  }
  for (let i = at + (at % 2); i + 3 < data.length; i += 2) {
    if ((i % SEGMENT_MOST) + 3 >= SEGMENT_MOST) continue;
    if (kind === 'swap-words') {
      if (data[i] === data[i + 2] && data[i + 1] === data[i + 3]) continue;
      spoilt.copyWithin(i, i + 2, i + 4);
      spoilt.set(data.subarray(i, i + 2), i + 2);
      return spoilt;
    }
    const differing = data[i + 1] ^ data[i + 3];
    if (differing === 0) continue;
    const bit = differing & -differing;
    spoilt[i + 1] ^= bit;
    spoilt[i + 3] ^= bit;
    return spoilt;
  }
  return undefined;
}
