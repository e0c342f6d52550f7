import type { U64 } from '../../vfs/index.ts';
import type { Message } from '../message.ts';
import { readS64, readU64, writeU64 } from './u64.ts';

/** Bytes that carry nothing: written as zeros, not part of the value. */
interface Padding {
  readonly pad: number;
  readonly unit: 2 | 4 | 8;
}

type Scalar = 'u16' | 'u32' | 's32' | 'u64' | 's64';
type Field = Scalar | Padding | Struct<object>;
type Fields = Readonly<Record<string, Field>>;

type ValueOfField<F> = F extends 'u64' | 's64'
  ? U64
  : F extends Scalar
    ? number
    : F extends Struct<infer V>
      ? V
      : never;
type ValueOf<F> = { readonly [K in keyof F as F[K] extends Padding ? never : K]: ValueOfField<F[K]> };

/** A C structure of the protocol; `at` is where it starts in the message, a multiple of 4. */
export interface Struct<Value> {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Where each field starts, padding included, by the header's names. */
  readonly offsets: Readonly<Record<string, number>>;
  read(message: Message, at: number): Value;
  write(message: Message, at: number, value: Value): void;
  /** The layout itself, for structures that contain this one. */
  readonly fields: Fields;
}

/** The value that a structure carries: `StructValue<typeof fuse_attr>`. */
export type StructValue<S> = S extends Struct<infer V> ? V : never;

export const pad16 = (count: number): Padding => ({ pad: 2 * count, unit: 2 });
export const pad32 = (count: number): Padding => ({ pad: 4 * count, unit: 4 });
export const pad64 = (count: number): Padding => ({ pad: 8 * count, unit: 8 });

const scalarSizes: Readonly<Record<Scalar, 2 | 4 | 8>> = { u16: 2, u32: 4, s32: 4, u64: 8, s64: 8 };

function sizeOf(field: Field): number {
  if (typeof field === 'string') return scalarSizes[field];
  return 'pad' in field ? field.pad : field.size;
}

function readExpression(field: Field, offset: number): string | undefined {
  const word = `i + ${offset >> 2}`;
  if (field === 'u64') return `readU64(words, ${word})`;
  if (field === 's64') return `readS64(words, ${word})`;
  if (field === 'u32') return `words[${word}]`;
  if (field === 's32') return `words[${word}] | 0`;
  if (field === 'u16') return `(words[${word}] >>> ${(offset & 2) * 8}) & 0xffff`;
  if ('pad' in field) return undefined;
  const members = Object.entries(field.fields).map(([name, inner]) => {
    const expression = readExpression(inner, offset + field.offsets[name]);
    return expression === undefined ? '' : `${name}: ${expression},`;
  });
  return `{ ${members.join(' ')} }`;
}

function writeStatements(field: Field, offset: number, value: string): string {
  const word = `i + ${offset >> 2}`;
  if (field === 'u64' || field === 's64') return `writeU64(words, ${word}, ${value});\n`;
  if (field === 'u32' || field === 's32') return `words[${word}] = ${value};\n`;
  // The lower half comes first and clears its word, the upper half is added to it.
  if (field === 'u16')
    return offset & 2 ? `words[${word}] |= ${value} << 16;\n` : `words[${word}] = ${value} & 0xffff;\n`;
  if ('pad' in field) {
    const first = (offset + 3) >> 2;
    const count = (offset + field.pad - 4 * first) >> 2;
    return Array.from({ length: count }, (_, k) => `words[i + ${first + k}] = 0;\n`).join('');
  }
  return Object.entries(field.fields)
    .map(([name, inner]) => writeStatements(inner, offset + field.offsets[name], `${value}.${name}`))
    .join('');
}

type Accessor = (...helpers: readonly unknown[]) => unknown;

/** Declares a structure by the header's own field names, in order; every field must lie on its natural alignment. */
export function struct<const F extends Fields>(name: string, fields: F): Struct<ValueOf<F>> {
  const offsets: Record<string, number> = {};
  let size = 0;
  for (const [key, field] of Object.entries(fields)) {
    const unit = typeof field === 'string' ? scalarSizes[field] : 'pad' in field ? field.unit : 4;
    if (size % unit !== 0)
      throw new Error(`${name}.${key}: expected a multiple of ${unit} bytes before it, given ${size}`);
    offsets[key] = size;
    size += sizeOf(field);
  }
  const layout = { name, size, offsets, fields } as unknown as Struct<object>;
  // Straight-line code made once per structure: a loop over the fields is ten times slower, and this runs for each message.
  const make = (parameters: string, body: string): unknown =>
    (new Function('readU64', 'readS64', 'writeU64', `return (${parameters}) => {${body}}`) as Accessor)(
      readU64,
      readS64,
      writeU64,
    );
  const start = 'const words = message.words; const i = at >>> 2;';
  return {
    name,
    size,
    offsets,
    fields,
    read: make('message, at', `${start} return ${readExpression(layout, 0)};`),
    write: make('message, at, value', `${start}\n${writeStatements(layout, 0, 'value')}`),
  } as Struct<ValueOf<F>>;
}
