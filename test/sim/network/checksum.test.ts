import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { damage, internetChecksum, passesChecksum } from '../../../src/sim/network/index.ts';

test('the checksum of the example in RFC 1071', () => {
  expect(internetChecksum(Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7))).toBe(0xffff ^ 0xddf2);
});

test('data with its own checksum behind it sums up to all ones', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 2, maxLength: 200 }), (bytes) => {
      const even = bytes.subarray(0, bytes.length & ~1);
      const sum = internetChecksum(even);
      expect(internetChecksum(Uint8Array.of(...even, sum >> 8, sum & 0xff))).toBe(0);
    }),
  );
});

test('swapped words and pairs of flipped bits pass, a flipped bit does not', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 4, maxLength: 4000 }), fc.nat(), (data, place) => {
      const at = place % data.length;
      for (const kind of ['swap-words', 'flip-pair'] as const) {
        const spoilt = damage(data, { kind, at });
        if (spoilt === undefined) continue;
        expect(spoilt).not.toEqual(data);
        expect(passesChecksum(data, spoilt)).toBe(true);
      }
      const flipped = damage(data, { kind: 'flip', at }) as Uint8Array;
      expect(passesChecksum(data, flipped)).toBe(false);
    }),
  );
});

test('words are not swapped across two segments, whose checksums would tell', () => {
  const data = new Uint8Array(3000).fill(1);
  data.fill(2, 1460);
  expect(damage(data, { kind: 'swap-words', at: 0 })).toBeUndefined();
});
