import type { Codec, Fields, ValueOf } from './codec.ts';
import type { XdrReader } from './reader.ts';
import type { XdrWriter } from './writer.ts';

type OptionalKeys<F> = { [K in keyof F]: undefined extends ValueOf<F[K]> ? K : never }[keyof F];
type Flat<T> = { [K in keyof T]: T[K] };
/** The value of a structure; what may be absent on the wire may be left out. */
type StructOf<F> = Flat<
  { readonly [K in Exclude<keyof F, OptionalKeys<F>>]: ValueOf<F[K]> } & {
    readonly [K in OptionalKeys<F>]?: ValueOf<F[K]>;
  }
>;

// Scalars, and with them most of a message, need no call through the table.
function scalar({ shape: { kind } }: Codec<unknown>): string | undefined {
  return kind === 'u32' || kind === 'u64' || kind === 'bool' ? kind : undefined;
}

interface Arm {
  read(reader: XdrReader, tag?: unknown): object;
  write(writer: XdrWriter, value: object): void;
}

/** Fields in their order, compiled: one object literal to read, one line for each field to write. */
function compile(fields: Fields, tag?: string): Arm {
  const entries = Object.entries(fields);
  const reads = entries.map(([name, codec], i) => {
    const method = scalar(codec);
    return `${name}: ${method === undefined ? `c[${i}].read(r)` : `r.${method}()`}`;
  });
  const writes = entries.map(([name, codec], i) => {
    const method = scalar(codec);
    return method === undefined ? `c[${i}].write(w, v.${name});` : `w.${method}(v.${name});`;
  });
  const members = tag === undefined ? reads : [`${tag}: tag`, ...reads];
  const source = `return { read(r, tag) { return { ${members.join(', ')} }; }, write(w, v) { ${writes.join(' ')} } };`;
  return new Function('c', source)(entries.map(([, codec]) => codec)) as Arm;
}

/** A structure: its fields in the order of the wire. */
export function struct<const F extends Fields>(fields: F): Codec<StructOf<F>> {
  return { shape: { kind: 'struct', fields }, ...compile(fields) } as Codec<StructOf<F>>;
}

type Tagged<Name extends string, Tag, F> = Flat<{ readonly [N in Name]: Tag } & StructOf<F>>;

/** A type for each arm, and one for all other tags. */
type UnionOf<Name extends string, Tag extends string, Arms, Default> =
  | { [T in Tag & keyof Arms]: Tagged<Name, T, Arms[T]> }[Tag & keyof Arms]
  | ([Exclude<Tag, keyof Arms>] extends [never] ? never : Tagged<Name, Exclude<Tag, keyof Arms>, Default>);

/** A discriminated union: the tag, and the fields of its arm behind it; `otherwise` are those of tags without an arm. */
export function union<
  const Name extends string,
  Tag extends string,
  const Arms extends { readonly [T in Tag]?: Fields },
  const Default extends Fields,
>(name: Name, tag: Codec<Tag>, arms: Arms, otherwise: Default): Codec<UnionOf<Name, Tag, Arms, Default>> {
  const compiled = new Map<unknown, Arm>(
    Object.entries(arms as Readonly<Record<string, Fields>>).map(([key, fields]) => [key, compile(fields, name)]),
  );
  const rest = compile(otherwise, name);
  return {
    shape: { kind: 'union', name, tag, arms, otherwise },
    read(r) {
      const value = tag.read(r);
      return (compiled.get(value) ?? rest).read(r, value) as UnionOf<Name, Tag, Arms, Default>;
    },
    write(w, value) {
      const key = (value as Readonly<Record<Name, Tag>>)[name];
      tag.write(w, key);
      (compiled.get(key) ?? rest).write(w, value);
    },
  };
}
