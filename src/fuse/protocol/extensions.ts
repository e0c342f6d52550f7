import { nameEnd, readName, writeName } from '../../vfs/index.ts';
import { FUSE_EXT_GROUPS, FUSE_MAX_NR_SECCTX } from './constants.ts';
import { mismatch } from './malformed.ts';

/** One security context of a new inode, as an LSM gives it: the xattr's name and value. */
export interface SecurityContext {
  readonly name: string;
  readonly context: Uint8Array;
}

/** What a request carries behind its own arguments (`fuse_in_header.total_extlen`). */
export type Extension =
  | { readonly type: 'secctx'; readonly contexts: readonly SecurityContext[] }
  | { readonly type: 'groups'; readonly groups: readonly number[] }
  | { readonly type: 'unknown'; readonly code: number; readonly data: Uint8Array };

const HEADER_SIZE = 8;
const align = (n: number): number => (n + 7) & ~7;

/** Extensions follow names, so that they lie on any byte: no typed views here, they are rare. */
export function decodeExtensions(bytes: Uint8Array, start: number, end: number): Extension[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const extensions: Extension[] = [];
  for (let at = start; at < end; ) {
    if (at + HEADER_SIZE > end) mismatch('an 8-byte fuse_ext_header', `${end - at} bytes`);
    const size = view.getUint32(at, true);
    const type = view.getUint32(at + 4, true);
    if (size < HEADER_SIZE || size % 8 !== 0 || at + size > end)
      mismatch(`an extension size that is a multiple of 8 from 8 to ${end - at}`, size);
    extensions.push(decodeOne(view, bytes, type, at + HEADER_SIZE, at + size));
    at += size;
  }
  return extensions;
}

function decodeOne(view: DataView, bytes: Uint8Array, type: number, start: number, end: number): Extension {
  if (type <= FUSE_MAX_NR_SECCTX) return { type: 'secctx', contexts: decodeContexts(view, bytes, type, start, end) };
  if (type !== FUSE_EXT_GROUPS) return { type: 'unknown', code: type, data: bytes.slice(start, end) };
  if (start + 4 > end) mismatch('a 4-byte fuse_supp_groups', `${end - start} bytes`);
  const count = view.getUint32(start, true);
  if (count > (end - start - 4) >> 2) mismatch(`at most ${(end - start - 4) >> 2} supplementary groups`, count);
  const groups = Array.from({ length: count }, (_, i) => view.getUint32(start + 4 + 4 * i, true));
  return { type: 'groups', groups };
}

function decodeContexts(
  view: DataView,
  bytes: Uint8Array,
  count: number,
  start: number,
  end: number,
): SecurityContext[] {
  const contexts: SecurityContext[] = [];
  let at = start;
  for (let i = 0; i < count; i++) {
    if (at + HEADER_SIZE > end) mismatch('an 8-byte fuse_secctx', `${end - at} bytes`);
    const size = view.getUint32(at, true);
    const nul = nameEnd(bytes, at + HEADER_SIZE, end);
    if (nul < 0) mismatch('a NUL-terminated security context name', 'none');
    if (size > end - nul - 1) mismatch(`a security context of at most ${end - nul - 1} bytes`, size);
    contexts.push({ name: readName(bytes, at + HEADER_SIZE, nul), context: bytes.slice(nul + 1, nul + 1 + size) });
    at = nul + 1 + size;
  }
  return contexts;
}

/** Writes the extensions at `at` and returns where they end. */
export function encodeExtensions(bytes: Uint8Array, at: number, extensions: readonly Extension[]): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const extension of extensions) {
    let end = at + HEADER_SIZE;
    let type: number;
    switch (extension.type) {
      case 'secctx':
        type = extension.contexts.length;
        for (const { name, context } of extension.contexts) {
          view.setUint32(end, context.length, true);
          view.setUint32(end + 4, 0, true);
          end = writeName(bytes, end + HEADER_SIZE, name);
          bytes[end] = 0;
          bytes.set(context, end + 1);
          end += 1 + context.length;
        }
        break;
      case 'groups':
        type = FUSE_EXT_GROUPS;
        view.setUint32(end, extension.groups.length, true);
        extension.groups.forEach((group, i) => {
          view.setUint32(end + 4 + 4 * i, group, true);
        });
        end += 4 + 4 * extension.groups.length;
        break;
      case 'unknown':
        type = extension.code;
        bytes.set(extension.data, end);
        end += extension.data.length;
        break;
    }
    const padded = at + align(end - at);
    bytes.fill(0, end, padded);
    view.setUint32(at, padded - at, true);
    view.setUint32(at + 4, type, true);
    at = padded;
  }
  return at;
}
