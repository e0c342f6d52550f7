import fc from 'fast-check';
import { expect } from 'vitest';
import type { Codec, Fields } from '../../src/nfs/xdr/index.ts';
import { nameFromBytes } from '../../src/vfs/index.ts';
import { u64 } from '../property/codec-arbitraries.ts';

export const u32 = fc.oneof(
  fc.constantFrom(0, 1, 0x7fffffff, 0x80000000, 0xffffffff),
  fc.integer({ min: 0, max: 0xffffffff }),
);

/** Any bytes are a name. */
const name = (most: number): fc.Arbitrary<string> =>
  fc
    .oneof(
      fc.uint8Array({ maxLength: Math.min(most, 300) }),
      fc.string({ maxLength: 20 }).map((s) => Buffer.from(s)),
    )
    .map(nameFromBytes);

const setTime = fc.oneof(fc.constant(undefined), fc.constant('now'), fc.record({ sec: u32, nsec: u32 }));

/** Values of what a codec carries, drawn from its own description. */
export function arbitraryOf(codec: Codec<unknown>): fc.Arbitrary<unknown> {
  const { shape } = codec;
  switch (shape.kind) {
    case 'u32':
      return u32;
    case 'u64':
      return u64;
    case 'bool':
      return fc.boolean();
    case 'opaque':
      return fc.uint8Array({ maxLength: Math.min(shape.most, 70) });
    case 'text':
      return name(shape.most);
    case 'optional':
      return fc.option(arbitraryOf(shape.of), { nil: undefined });
    case 'list':
      return fc.array(arbitraryOf(shape.of), { maxLength: 5 });
    case 'array':
      return fc.array(arbitraryOf(shape.of), { maxLength: Math.min(shape.most, 20) });
    case 'enumeration':
      return fc.constantFrom(...shape.names);
    case 'struct':
      return fieldsOf(shape.fields);
    case 'union':
      return arbitraryOf(shape.tag).chain((tag) =>
        fieldsOf(shape.arms[tag as string] ?? shape.otherwise).map((fields) => ({ [shape.name]: tag, ...fields })),
      );
    case 'other':
      expect(shape.name).toBe('set_time');
      return setTime;
  }
}

const fieldsOf = (fields: Fields): fc.Arbitrary<object> =>
  fc.record(Object.fromEntries(Object.entries(fields).map(([key, codec]) => [key, arbitraryOf(codec)])));
