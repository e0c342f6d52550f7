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

/** Values that mean something to a server, mixed with those that do not. */
export interface Sense {
  /** By number, each has a handle. */
  readonly handle: (number: number) => Uint8Array;
  readonly names: readonly string[];
}

const FHSIZE = 64;

/** Values of what a codec carries, drawn from its own description. */
export function arbitraryOf(codec: Codec<unknown>, sense?: Sense): fc.Arbitrary<unknown> {
  const { shape } = codec;
  const sensible = sense !== undefined;
  if (sensible && shape.kind === 'opaque' && shape.most === FHSIZE)
    return fc.oneof(
      { weight: 9, arbitrary: fc.nat({ max: 20 }).map(sense.handle) },
      fc.uint8Array({ maxLength: FHSIZE }),
    );
  if (sensible && shape.kind === 'text')
    return fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...sense.names) }, name(shape.most));
  if (sensible && shape.kind === 'u64') return fc.oneof({ weight: 3, arbitrary: fc.nat({ max: 10_000 }) }, u64);
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
      return fc.option(arbitraryOf(shape.of, sense), { nil: undefined });
    case 'list':
      return fc.array(arbitraryOf(shape.of, sense), { maxLength: 5 });
    case 'array':
      return fc.array(arbitraryOf(shape.of, sense), { maxLength: Math.min(shape.most, 20) });
    case 'enumeration':
      return fc.constantFrom(...shape.names);
    case 'struct':
      return fieldsOf(shape.fields, sense);
    case 'union':
      return arbitraryOf(shape.tag, sense).chain((tag) =>
        fieldsOf(shape.arms[tag as string] ?? shape.otherwise, sense).map((fields) => ({
          [shape.name]: tag,
          ...fields,
        })),
      );
    case 'other':
      expect(shape.name).toBe('set_time');
      return setTime;
  }
}

const fieldsOf = (fields: Fields, sense: Sense | undefined): fc.Arbitrary<object> =>
  fc.record(Object.fromEntries(Object.entries(fields).map(([key, codec]) => [key, arbitraryOf(codec, sense)])));
