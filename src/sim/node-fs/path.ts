import type { PathLike } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { nameFromBytes, nameToBytes } from '../../vfs/index.ts';
import { invalidType, invalidValue } from './argument-error.ts';

const loneSurrogate = /\p{Surrogate}/u;

/**
 * A path argument as the kernel takes it: bytes, and strings by their UTF-8 (a lone surrogate in one is U+FFFD, as in
 * Node, and no byte).
 */
export function toName(path: PathLike, argument = 'path'): string {
  const plain = isUrl(path) ? fileURLToPath(path) : path;
  if (typeof plain === 'string') {
    if (plain.includes('\0')) throw containsNull(argument, plain);
    return loneSurrogate.test(plain) ? Buffer.from(plain).toString() : plain;
  }
  if (!(plain instanceof Uint8Array))
    throw invalidType(argument, 'of type string or an instance of Buffer or URL', path);
  if (plain.includes(0)) throw containsNull(argument, plain);
  return nameFromBytes(plain);
}

const containsNull = (argument: string, value: unknown): Error =>
  invalidValue(argument, value, 'must be a string, Uint8Array, or URL without null bytes');

/** isURL (lib/internal/url.js): by shape, URLs of other realms too. */
function isUrl(value: unknown): value is URL {
  const url = value as Partial<URL> | null | undefined;
  return Boolean(url?.href && url.protocol && (url as { auth?: unknown }).auth === undefined);
}

/** A name of the kernel as text: bytes that are no UTF-8 become U+FFFD. */
export const shown = (name: string): string =>
  loneSurrogate.test(name) ? Buffer.from(nameToBytes(name)).toString() : name;

/** A name of the kernel in the encoding that was asked for. */
export function encoded(name: string, encoding: string | null | undefined): string | Buffer {
  if (encoding === undefined || encoding === null || encoding === 'utf8' || encoding === 'utf-8') return shown(name);
  const bytes = Buffer.from(nameToBytes(name));
  return encoding === 'buffer' ? bytes : bytes.toString(encoding as BufferEncoding);
}

/** The name without its last component, by slashes alone; the name itself where it has one component. */
export function parentOf(name: string): string {
  const slash = name.lastIndexOf('/');
  return slash < 0 ? name : name.slice(0, slash);
}
