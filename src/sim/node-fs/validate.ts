import type { Mode, OpenMode } from 'node:fs';
import { O_APPEND, O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_SYNC, O_TRUNC, O_WRONLY } from '../../vfs/index.ts';
import { codedError, invalidType, invalidValue, outOfRange } from './argument-error.ts';

// The checks of lib/internal/validators.js and lib/internal/fs/utils.js that functions of node:fs make.

export const MAX_UINT32 = 2 ** 32 - 1;
const MAX_INT32 = 2 ** 31 - 1;

export function toInteger(
  value: unknown,
  name: string,
  least = Number.MIN_SAFE_INTEGER,
  most = Number.MAX_SAFE_INTEGER,
): number {
  if (typeof value !== 'number') throw invalidType(name, 'of type number', value);
  if (!Number.isInteger(value)) throw outOfRange(name, 'an integer', value);
  if (value < least || value > most) throw outOfRange(name, `>= ${least} && <= ${most}`, value);
  return value;
}

export function toFd(value: unknown): number {
  // -0 is a descriptor too.
  return Object.is(value, -0) ? 0 : toInteger(value, 'fd', 0, MAX_INT32);
}

export const isFd = (value: unknown): value is number => Number.isInteger(value) && toFd(value) >= 0;

/** An id of a user or group; -1 leaves it as it is. */
export const toId = (value: unknown, name: string): number => toInteger(value, name, -1, MAX_UINT32);

export function toBoolean(value: unknown, name: string): boolean {
  if (typeof value !== 'boolean') throw invalidType(name, 'of type boolean', value);
  return value;
}

export function toMode(value: Mode | null | undefined, name = 'mode', initial?: number): number {
  const given = value ?? initial;
  if (typeof given !== 'string') return toInteger(given, name, 0, MAX_UINT32);
  if (!/^[0-7]+$/.test(given)) throw invalidValue(name, value, 'must be a 32-bit unsigned integer or an octal string');
  return toInteger(Number.parseInt(given, 8), name, 0, MAX_UINT32);
}

/** getValidMode: three bits, as access and copyFile have them; 0 where there are none. */
export function toSmallMode(value: unknown): number {
  if (value === null || value === undefined) return 0;
  if (typeof value !== 'number' || !Number.isInteger(value))
    throw codedError('ERR_INVALID_ARG_TYPE', 'mode must be int32 or null/undefined', TypeError);
  if (value >= 0 && value <= 7) return value;
  throw codedError('ERR_OUT_OF_RANGE', 'mode is out of range: >= 0 && <= 7', RangeError);
}

const openFlags: Readonly<Record<string, number>> = {
  r: O_RDONLY,
  rs: O_RDONLY | O_SYNC,
  sr: O_RDONLY | O_SYNC,
  'r+': O_RDWR,
  'rs+': O_RDWR | O_SYNC,
  'sr+': O_RDWR | O_SYNC,
  w: O_TRUNC | O_CREAT | O_WRONLY,
  wx: O_TRUNC | O_CREAT | O_WRONLY | O_EXCL,
  xw: O_TRUNC | O_CREAT | O_WRONLY | O_EXCL,
  'w+': O_TRUNC | O_CREAT | O_RDWR,
  'wx+': O_TRUNC | O_CREAT | O_RDWR | O_EXCL,
  'xw+': O_TRUNC | O_CREAT | O_RDWR | O_EXCL,
  a: O_APPEND | O_CREAT | O_WRONLY,
  ax: O_APPEND | O_CREAT | O_WRONLY | O_EXCL,
  xa: O_APPEND | O_CREAT | O_WRONLY | O_EXCL,
  as: O_APPEND | O_CREAT | O_WRONLY | O_SYNC,
  sa: O_APPEND | O_CREAT | O_WRONLY | O_SYNC,
  'a+': O_APPEND | O_CREAT | O_RDWR,
  'ax+': O_APPEND | O_CREAT | O_RDWR | O_EXCL,
  'xa+': O_APPEND | O_CREAT | O_RDWR | O_EXCL,
  'as+': O_APPEND | O_CREAT | O_RDWR | O_SYNC,
  'sa+': O_APPEND | O_CREAT | O_RDWR | O_SYNC,
};

/** stringToFlags. */
export function toOpenFlags(value: OpenMode | null | undefined): number {
  if (typeof value === 'number') return toInteger(value, 'flags', -MAX_INT32 - 1, MAX_INT32);
  if (value === null || value === undefined) return O_RDONLY;
  if (!Object.hasOwn(openFlags, value)) throw invalidValue('flags', value);
  return openFlags[value];
}

/** The options argument that most functions have: an encoding, an object, or nothing. */
export type OptionsArgument<T extends object> = T | BufferEncoding | 'buffer' | string | null | undefined;

/** getOptions. */
export function toOptions<T extends { encoding?: unknown }>(given: OptionsArgument<T>, initial: T): T {
  if (given === null || given === undefined || typeof given === 'function') return initial;
  if (typeof given !== 'string' && typeof given !== 'object')
    throw invalidType('options', 'one of type string or object', given);
  const options = typeof given === 'string' ? { ...initial, encoding: given } : { ...initial, ...given };
  const { encoding } = options;
  if (encoding && encoding !== 'buffer' && !Buffer.isEncoding(encoding as string))
    throw invalidValue('encoding', encoding, 'is invalid encoding');
  return options;
}

export function toObject<T extends object>(given: T | null | undefined, name = 'options'): Partial<T> {
  if (given === undefined || given === null) return {};
  if (typeof given !== 'object' || Array.isArray(given)) throw invalidType(name, 'of type object', given);
  return given;
}

export function toView(value: unknown, name = 'buffer'): Uint8Array {
  if (!ArrayBuffer.isView(value)) throw invalidType(name, 'an instance of Buffer, TypedArray, or DataView', value);
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}

export function toViews(value: unknown): Uint8Array[] {
  if (!Array.isArray(value) || !value.every((view) => ArrayBuffer.isView(view)))
    throw invalidType('buffers', 'an instance of ArrayBufferView[]', value);
  return value.map((view) => toView(view));
}
