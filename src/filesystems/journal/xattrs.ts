import { type Errno, errno, nameFromBytes, nameLength, nameToBytes } from '../../vfs/index.ts';
import { ExtendedAttributes } from '../ram/xattr.ts';
import { blobCost, blocksOfBlob, readBlob, writeBlob } from './blob.ts';
import { viewOf } from './block-disk.ts';
import type { ReadBlock } from './block-map.ts';
import type { Inode } from './inode.ts';
import type { InodeRecord } from './inode-record.ts';
import type { InodeTable } from './inode-table.ts';

/** Before a name and its value: their lengths, u16 and u32. */
const HEAD = 6;

const read = (readBlock: ReadBlock, { xattrBlock, xattrSize }: InodeRecord): ExtendedAttributes | undefined =>
  decode(xattrSize === 0 ? new Uint8Array(0) : readBlob(readBlock, xattrBlock, xattrSize));

/** The names of the extended attributes of an inode on the disk; undefined where they are damaged. */
export const xattrNames = (readBlock: ReadBlock, record: InodeRecord): readonly string[] | undefined =>
  read(readBlock, record)?.names();

/** The extended attributes of an inode, read when they are first asked for. @throws Errno EUCLEAN where they are damaged */
export function xattrsOf(table: InodeTable, inode: Inode): ExtendedAttributes {
  inode.xattrs ??= read((block) => table.transactions.readData(block), inode);
  if (inode.xattrs === undefined) throw errno.EUCLEAN;
  return inode.xattrs;
}

export function setXattr(
  table: InodeTable,
  inode: Inode,
  name: string,
  value: Uint8Array,
  flags: number,
): Errno | undefined {
  if (!table.allocator.ensure(blobCost(inode.xattrSize + HEAD + nameLength(name) + value.length))) return errno.ENOSPC;
  const error = xattrsOf(table, inode).set(name, value, flags);
  if (error === undefined) store(table, inode);
  return error;
}

export function removeXattr(table: InodeTable, inode: Inode, name: string): Errno | undefined {
  if (xattrsOf(table, inode).get(name) === undefined) return errno.ENODATA;
  if (!table.allocator.ensure(blobCost(inode.xattrSize))) return errno.ENOSPC;
  xattrsOf(table, inode).remove(name);
  store(table, inode);
  return undefined;
}

/** All of them are written anew, to other blocks. */
function store(table: InodeTable, inode: Inode): void {
  const { transactions, allocator } = table;
  const old = { block: inode.xattrBlock, size: inode.xattrSize };
  const content = encode(xattrsOf(table, inode));
  inode.xattrSize = content.length;
  inode.xattrBlock = content.length === 0 ? 0 : writeBlob(transactions, allocator, content);
  if (old.size > 0)
    for (const block of blocksOfBlob((at) => transactions.readData(at), old.block, old.size)) allocator.release(block);
  table.changed(inode);
}

function encode(xattrs: ExtendedAttributes): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const name of xattrs.names()) {
    const bytes = nameToBytes(name);
    const value = xattrs.get(name) ?? new Uint8Array(0);
    const head = new Uint8Array(HEAD);
    viewOf(head).setUint16(0, bytes.length, true);
    viewOf(head).setUint32(2, value.length, true);
    parts.push(head, bytes, value);
  }
  return new Uint8Array(Buffer.concat(parts));
}

/** Undefined where they are damaged. */
function decode(bytes: Uint8Array): ExtendedAttributes | undefined {
  const xattrs = new ExtendedAttributes();
  const view = viewOf(bytes);
  for (let at = 0; at < bytes.length; ) {
    if (at + HEAD > bytes.length) return undefined;
    const nameEnd = at + HEAD + view.getUint16(at, true);
    const end = nameEnd + view.getUint32(at + 2, true);
    if (end > bytes.length) return undefined;
    xattrs.set(nameFromBytes(bytes.subarray(at + HEAD, nameEnd)), bytes.subarray(nameEnd, end), 0);
    at = end;
  }
  return xattrs;
}
