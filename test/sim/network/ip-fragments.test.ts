import { expect, test } from 'vitest';
import { fragments, Reassembly } from '../../../src/sim/network/index.ts';

const bytes = (text: string, length = 4000) => Buffer.from(text.repeat(length / text.length));

test('fragments make the datagram that they were, in any order', () => {
  const data = bytes('abcd');
  const [first, ...rest] = fragments(data, 7);
  const reassembly = new Reassembly(() => 0);
  for (const fragment of rest.reverse()) expect(reassembly.take(fragment)).toBeUndefined();
  expect(reassembly.take(first)).toEqual(data);
});

test('what is left of one datagram completes another with the same number, where the sums are the same', () => {
  const lost = fragments(bytes('cdab'), 7);
  const young = fragments(bytes('abcd'), 7 + 65536);
  const reassembly = new Reassembly(() => 0);
  for (const fragment of lost.slice(1)) reassembly.take(fragment);
  const spliced = reassembly.take(young[0]) as Uint8Array;
  expect(Buffer.from(spliced).toString()).toContain('abcdcdab');
});

test('the checksum tells where the sums differ', () => {
  const reassembly = new Reassembly(() => 0);
  for (const fragment of fragments(bytes('xxxx'), 7).slice(1)) reassembly.take(fragment);
  expect(reassembly.take(fragments(bytes('abcd'), 7)[0])).toBeUndefined();
});

test('fragments are kept for thirty seconds', () => {
  let now = 0;
  const reassembly = new Reassembly(() => now);
  for (const fragment of fragments(bytes('cdab'), 7).slice(1)) reassembly.take(fragment);
  now = 30_001;
  expect(reassembly.take(fragments(bytes('abcd'), 7)[0])).toBeUndefined();
});
