/**
 * File names are strings that carry any byte sequence: valid UTF-8 as itself, each other byte 0x80-0xff as the lone
 * surrogate U+DC80-U+DCFF (Python's "surrogateescape", PEP 383). A name that came from a kernel goes back unchanged.
 */

const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

const isAscii = (bytes: Uint8Array): boolean => {
  for (let i = 0; i < bytes.length; i++) if (bytes[i] > 0x7f) return false;
  return true;
};

/** Bytes to name. Never fails. */
export function nameFromBytes(bytes: Uint8Array): string {
  if (bytes.length < 256 && isAscii(bytes)) return String.fromCharCode.apply(null, bytes as unknown as number[]);
  try {
    return strictDecoder.decode(bytes);
  } catch {
    return decodeEscaping(bytes);
  }
}

function decodeEscaping(bytes: Uint8Array): string {
  let name = '';
  for (let i = 0; i < bytes.length; ) {
    const length = sequenceLength(bytes, i);
    if (length === 0) {
      name += String.fromCharCode(0xdc00 + bytes[i]);
      i += 1;
    } else {
      name += strictDecoder.decode(bytes.subarray(i, i + length));
      i += length;
    }
  }
  return name;
}

/** Length of the well-formed UTF-8 sequence at `i` (Unicode 15, table 3-7), 0 where there is none. */
function sequenceLength(bytes: Uint8Array, i: number): number {
  const lead = bytes[i];
  if (lead < 0x80) return 1;
  const length =
    lead >= 0xc2 && lead <= 0xdf ? 2 : lead >= 0xe0 && lead <= 0xef ? 3 : lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
  if (length === 0 || i + length > bytes.length) return 0;
  const second = bytes[i + 1];
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (let k = 2; k < length; k++) if ((bytes[i + k] & 0xc0) !== 0x80) return 0;
  return length;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the point is to test for ASCII, control characters included
const ascii = /^[\x00-\x7f]*$/;
const loneSurrogate = /\p{Surrogate}/u;

/** Name to bytes, the inverse of `nameFromBytes`. A lone surrogate outside U+DC80-U+DCFF becomes U+FFFD. */
export function nameToBytes(name: string): Uint8Array {
  if (!loneSurrogate.test(name)) return encoder.encode(name);
  const bytes: number[] = [];
  for (const character of name) {
    const code = character.codePointAt(0) as number;
    if (code >= 0xdc80 && code <= 0xdcff) bytes.push(code - 0xdc00);
    else bytes.push(...encoder.encode(character));
  }
  return Uint8Array.from(bytes);
}

/** Length of a name in bytes, as NAME_MAX counts it. */
export function nameLength(name: string): number {
  return ascii.test(name) ? name.length : nameToBytes(name).length;
}
