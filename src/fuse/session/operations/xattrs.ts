import { errno, nameEnd, nameToBytes, readName } from '../../../vfs/index.ts';
import { IN_HEADER_SIZE, initFlags, OUT_HEADER_SIZE } from '../../protocol/index.ts';
import { mismatch } from '../../protocol/malformed.ts';
import { bad } from '../bad-answer.ts';
import type { Exchange } from '../exchange.ts';
import { emptyReply, type Operation } from './operation.ts';

/** The value, or with a size of 0 how long it is; ERANGE where it does not fit (getxattr(2)). */
function replyValue(exchange: Exchange, value: Uint8Array): number {
  const { size } = exchange;
  if (size === 0) {
    const { words } = exchange.reply;
    words[OUT_HEADER_SIZE / 4] = value.length;
    words[OUT_HEADER_SIZE / 4 + 1] = 0;
    return OUT_HEADER_SIZE + 8;
  }
  if (value.length > size) throw errno.ERANGE;
  exchange.reserve(OUT_HEADER_SIZE + value.length);
  exchange.reply.bytes.set(value, OUT_HEADER_SIZE);
  return OUT_HEADER_SIZE + value.length;
}

export const getxattr: Operation<Uint8Array> = {
  least: 8,
  run: (exchange) => {
    const { filesystem } = exchange.core;
    const name = exchange.lastName(8);
    exchange.size = exchange.word(0);
    if (filesystem.getxattr === undefined) return errno.ENOSYS;
    return filesystem.getxattr(exchange.node, name, exchange);
  },
  reply: (exchange, value) => {
    if (!(value instanceof Uint8Array)) bad('getxattr', 'a Uint8Array', value);
    return replyValue(exchange, value);
  },
};

export const listxattr: Operation<readonly string[]> = {
  least: 8,
  exact: true,
  run: (exchange) => {
    const { filesystem } = exchange.core;
    exchange.size = exchange.word(0);
    return filesystem.listxattr === undefined ? errno.ENOSYS : filesystem.listxattr(exchange.node, exchange);
  },
  reply: (exchange, names) => {
    if (!Array.isArray(names)) bad('listxattr', 'an array of names', names);
    // The kernel splits the list at its NULs, and refuses it for an empty name (fuse_verify_xattr_list, fs/fuse/xattr.c).
    const wrong = names.findIndex((name) => typeof name !== 'string' || name === '' || name.includes('\0'));
    if (wrong >= 0) bad('listxattr', 'names that are not empty and without NUL', JSON.stringify(names[wrong]));
    return replyValue(exchange, nameToBytes(names.map((name) => `${name}\0`).join('')));
  },
};

export const setxattr: Operation<void> = {
  least: 8,
  run: (exchange) => {
    const { filesystem, negotiated } = exchange.core;
    const { bytes } = exchange.request;
    const extended = ((negotiated?.flags ?? 0) & initFlags.SETXATTR_EXT) !== 0;
    const start = IN_HEADER_SIZE + (extended ? 16 : 8);
    const nul = nameEnd(bytes, start, exchange.end);
    if (nul < 0) mismatch('a NUL-terminated name', `${exchange.end - start} bytes without NUL`);
    const size = exchange.word(0);
    if (size !== exchange.end - nul - 1) mismatch(`a value of ${size} bytes`, exchange.end - nul - 1);
    if (filesystem.setxattr === undefined) return errno.ENOSYS;
    // A copy: a filesystem keeps the value.
    const value = bytes.slice(nul + 1, exchange.end);
    return filesystem.setxattr(exchange.node, readName(bytes, start, nul), value, exchange.word(1), exchange);
  },
  reply: emptyReply,
};

export const removexattr: Operation<void> = {
  least: 0,
  run: (exchange) => {
    const { filesystem } = exchange.core;
    const name = exchange.lastName(0);
    return filesystem.removexattr === undefined ? errno.ENOSYS : filesystem.removexattr(exchange.node, name, exchange);
  },
  reply: emptyReply,
};
