import fc from 'fast-check';
import { expect, test } from 'vitest';
import { UnwrittenData } from '../../../src/nfs/client/unwritten-data.ts';
import { noCredential } from '../../../src/nfs/index.ts';

test('whatever is written, sent, lost and dropped, what is not safe is what the bytes say', () => {
  const action = fc.record({
    kind: fc.constantFrom('write', 'send', 'send', 'commit', 'restart'),
    offset: fc.nat(40),
    length: fc.integer({ min: 1, max: 12 }),
    byte: fc.nat(255),
  });
  fc.assert(
    fc.property(fc.array(action, { maxLength: 40 }), (actions) => {
      const unwritten = new UnwrittenData(noCredential);
      // What the server has in memory and on disk, and what was written.
      const written = new Uint8Array(64);
      let memory = new Uint8Array(64);
      let disk = new Uint8Array(64);
      let verifier = 1;
      const send = (most: number): boolean => {
        const piece = unwritten.next(most);
        if (piece === undefined) return false;
        memory.set(piece.data, piece.offset);
        unwritten.add(piece.offset, piece.data, verifier);
        return true;
      };
      const commit = (): boolean => {
        disk = memory.slice();
        return unwritten.committed(verifier);
      };
      for (const { kind, offset, length, byte } of actions) {
        if (kind === 'write') {
          const data = new Uint8Array(length).fill(byte);
          written.set(data, offset);
          unwritten.add(offset, data);
        } else if (kind === 'send') send(length);
        else if (kind === 'commit') commit();
        else {
          memory = disk.slice();
          verifier++;
        }
      }
      do while (send(7));
      while (commit());
      expect(disk).toEqual(written);
      expect([unwritten.unsent, unwritten.uncommitted]).toEqual([0, 0]);
    }),
  );
});

test('neighbours go out together, as much as one call takes', () => {
  const unwritten = new UnwrittenData(noCredential);
  unwritten.add(4, Uint8Array.of(3, 4));
  unwritten.add(2, Uint8Array.of(1, 2));
  unwritten.add(8, Uint8Array.of(9));
  expect(unwritten.next(3)).toEqual({ offset: 2, data: Uint8Array.of(1, 2, 3) });
});

test('a page has a gap where data that was not sent is on it and does not touch', () => {
  const unwritten = new UnwrittenData(noCredential);
  unwritten.add(4100, Uint8Array.of(1, 2));
  const gap = (offset: number, length: number) => unwritten.leavesGap(offset, length);
  expect([gap(4096, 3), gap(4103, 1), gap(4090, 8)]).toEqual([true, true, true]);
  // It touches, or lies on another page.
  expect([gap(4096, 4), gap(4102, 1), gap(4100, 1), gap(4095, 1), gap(8192, 1)]).toEqual(Array(5).fill(false));
  unwritten.add(4100, Uint8Array.of(1, 2), 7);
  expect(gap(4096, 3)).toBe(false);
});
