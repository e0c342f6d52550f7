import type { U64 } from '../../vfs/index.ts';
import { xdrMismatch } from './error.ts';
import type { XdrReader } from './reader.ts';
import type { XdrWriter } from './writer.ts';

/** What a codec is made of, for what works from the table: the compiler of structures, generators of values. */
export type Shape =
  | { readonly kind: 'u32' | 'u64' | 'bool' }
  | { readonly kind: 'opaque' | 'text'; readonly most: number }
  | { readonly kind: 'optional' | 'list'; readonly of: Codec<unknown> }
  | { readonly kind: 'array'; readonly of: Codec<unknown>; readonly most: number }
  | { readonly kind: 'enumeration'; readonly names: readonly string[] }
  | { readonly kind: 'struct'; readonly fields: Fields }
  | {
      readonly kind: 'union';
      readonly name: string;
      readonly tag: Codec<string>;
      readonly arms: { readonly [tag: string]: Fields | undefined };
      readonly otherwise: Fields;
    }
  | { readonly kind: 'other'; readonly name: string };

export type Fields = Readonly<Record<string, Codec<unknown>>>;

/** How a value of a type stands on the wire. */
export interface Codec<T> {
  readonly shape: Shape;
  read(reader: XdrReader): T;
  write(writer: XdrWriter, value: T): void;
}

/** The value that a codec carries: `ValueOf<typeof fattr3>`. */
export type ValueOf<C> = C extends Codec<infer T> ? T : never;

export const u32: Codec<number> = {
  shape: { kind: 'u32' },
  read: (r) => r.u32(),
  write: (w, value) => w.u32(value),
};
export const u64: Codec<U64> = {
  shape: { kind: 'u64' },
  read: (r) => r.u64(),
  write: (w, value) => w.u64(value),
};
export const bool: Codec<boolean> = {
  shape: { kind: 'bool' },
  read: (r) => r.bool(),
  write: (w, value) => w.bool(value),
};

/** Variable-length opaque data; reading gives a view of the message. */
export const opaque = (most = 0xffffffff): Codec<Uint8Array> => ({
  shape: { kind: 'opaque', most },
  read: (r) => r.opaque(most),
  write: (w, value) => w.opaque(value, most),
});

/** A string, as a name of the contract: it carries any bytes. */
export const text = (most = 0xffffffff): Codec<string> => ({
  shape: { kind: 'text', most },
  read: (r) => r.name(most),
  write: (w, value) => w.name(value, most),
});

/** XDR's optional-data: a boolean, and the value where it is true. */
export const optional = <T>(codec: Codec<T>): Codec<T | undefined> => ({
  shape: { kind: 'optional', of: codec },
  read: (r) => (r.bool() ? codec.read(r) : undefined),
  write(w, value) {
    w.bool(value !== undefined);
    if (value !== undefined) codec.write(w, value);
  },
});

/** A linked list: before each element a true, behind the last one a false. The message's size bounds it. */
export const list = <T>(codec: Codec<T>): Codec<readonly T[]> => ({
  shape: { kind: 'list', of: codec },
  read(r) {
    const values: T[] = [];
    while (r.bool()) values.push(codec.read(r));
    return values;
  },
  write(w, values) {
    for (const value of values) {
      w.bool(true);
      codec.write(w, value);
    }
    w.bool(false);
  },
});

/** A variable-length array of at most `most` elements. */
export const array = <T>(codec: Codec<T>, most: number): Codec<readonly T[]> => ({
  shape: { kind: 'array', of: codec, most },
  read(r) {
    const count = r.u32();
    if (count > most) xdrMismatch(`at most ${most} elements`, count);
    const values: T[] = [];
    for (let i = 0; i < count; i++) values.push(codec.read(r));
    return values;
  },
  write(w, values) {
    if (values.length > most) xdrMismatch(`at most ${most} elements`, values.length);
    w.u32(values.length);
    for (const value of values) codec.write(w, value);
  },
});

/** An enumeration whose values have names. */
export function enumeration<const Numbers extends Readonly<Record<string, number>>>(
  type: string,
  numbers: Numbers,
): Codec<Extract<keyof Numbers, string>> {
  type Name = Extract<keyof Numbers, string>;
  const names = new Map(Object.entries(numbers).map(([name, number]) => [number, name as Name]));
  return {
    shape: { kind: 'enumeration', names: Object.keys(numbers) },
    read(r) {
      const number = r.u32();
      return names.get(number) ?? xdrMismatch(`a value of ${type}`, number);
    },
    write: (w, name) => w.u32(numbers[name]),
  };
}
