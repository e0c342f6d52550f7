import type { Message } from '../../fuse/message.ts';
import {
  decodeNotification,
  FUSE_EXPIRE_ONLY,
  fuse_notify_retrieve_in,
  type NotificationOf,
  opcodes,
} from '../../fuse/protocol/index.ts';
import { errnoNumbers as E, isDirectory, type U64 } from '../../vfs/index.ts';
import { aliasesOf, type Dentry, dDelete, dInvalidate, dLookup, dPut, isRoot, shrinkChildren } from './dcache.ts';
import type { FuseConnection } from './fuse-connection.ts';
import { FuseRequest, IN } from './fuse-request.ts';
import { writeUpdateAttributes } from './fuse-write.ts';
import { invalidateAttributes } from './inode.ts';
import { addPage, mappingOf, PAGE_SIZE, unlockPage } from './page-cache.ts';
import { dropListing } from './readdir-cache.ts';
import { invalidateInodePages2 } from './truncate.ts';

/** fuse_notify (fs/fuse/dev.c): what the daemon sends unasked acts on the caches. Returns 0 or the errno number of its write. */
export function notify(fc: FuseConnection, message: Message, length: number): number {
  const notification = decodeNotification(message, length);
  switch (notification.op) {
    case 'INVAL_INODE':
      return invalidateInode(fc, notification);
    case 'INVAL_ENTRY': {
      const { parent, flags } = notification.body;
      return invalidateEntry(fc, parent, 0, notification.name, flags);
    }
    case 'DELETE':
      return invalidateEntry(fc, notification.body.parent, notification.body.child, notification.name, 0);
    case 'STORE':
      return store(fc, notification);
    case 'RETRIEVE':
      return retrieve(fc, notification);
    case 'INC_EPOCH':
      fc.epoch += 1;
      return 0;
    case 'PRUNE':
      for (const node of notification.nodes) prune(fc, node);
      return 0;
    case 'POLL':
    case 'RESEND':
      return 0;
    case 'MALFORMED':
      fc.device.link.report(notification.problem);
      return E.EINVAL;
  }
}

/** fuse_reverse_inval_inode: attributes are asked for again, and from `offset` on (none where it is negative) what is cached goes. */
function invalidateInode(fc: FuseConnection, { body }: NotificationOf<'INVAL_INODE'>): number {
  const inode = fc.inodes.get(body.ino);
  if (inode === undefined) return E.ENOENT;
  inode.attrVersion = fc.nextAttrVersion();
  invalidateAttributes(inode);
  const offset = Number(body.off);
  const length = Number(body.len);
  if (offset < 0) return 0;
  const first = Math.floor(offset / PAGE_SIZE);
  const last = length <= 0 ? Number.MAX_SAFE_INTEGER : Math.floor((offset + length - 1) / PAGE_SIZE);
  invalidateInodePages2(fc, inode, first, last);
  if (first === 0) inode.link = undefined;
  dropListing(inode);
  return 0;
}

/** fuse_notify_store: data goes into the page cache as if it had been read. */
function store(fc: FuseConnection, { body, data }: NotificationOf<'STORE'>): number {
  const inode = fc.inodes.get(body.nodeid);
  if (inode === undefined) return E.ENOENT;
  const mapping = mappingOf(inode);
  const start = Number(body.offset);
  const end = start + data.length;
  if (end > inode.size) writeUpdateAttributes(fc, inode, end, data.length);
  for (let at = start; at < end; ) {
    const index = Math.floor(at / PAGE_SIZE);
    const within = at % PAGE_SIZE;
    const count = Math.min(PAGE_SIZE - within, end - at);
    let page = mapping.pages.get(index);
    if (page === undefined) page = addPage(mapping, index);
    // Linux waits here for a read that is under way; its answer comes from before.
    else if (page.locked) return E.EAGAIN;
    else page.locked = true;
    page.data.set(data.subarray(at - start, at - start + count), within);
    if (!page.uptodate && within === 0 && (count === PAGE_SIZE || end >= inode.size)) {
      page.data.fill(0, count);
      page.uptodate = true;
    }
    unlockPage(page);
    at += count;
  }
  return 0;
}

/** fuse_reverse_inval_entry: INVAL_ENTRY, and with a child DELETE. */
function invalidateEntry(fc: FuseConnection, parentId: U64, child: U64, name: string, flags: number): number {
  const parent = fc.inodes.get(parentId);
  if (parent === undefined) return E.ENOENT;
  if (!isDirectory(parent.mode)) return E.ENOTDIR;
  const directory = parent.firstAlias;
  const entry = directory === null ? undefined : dLookup(directory, name);
  if (entry === undefined || entry.lookupWaiters !== null) return E.ENOENT;
  fc.directoryChanged(parent);
  entry.count += 1;
  if ((flags & FUSE_EXPIRE_ONLY) === 0) dInvalidate(fc, entry);
  entry.time = 0;
  const error = child !== 0 && entry.inode !== null ? removeChild(fc, entry, child) : 0;
  dPut(fc, entry);
  return error;
}

function removeChild(fc: FuseConnection, entry: Dentry, child: U64): number {
  const { inode } = entry;
  if (inode === null || inode.nodeid !== child) return E.ENOENT;
  if (isDirectory(inode.mode)) {
    shrinkChildren(fc, entry);
    if (entry.children !== null && entry.children.size > 0) return E.ENOTEMPTY;
    inode.dead = true;
  }
  inode.nlink = 0;
  dDelete(fc, entry);
  return 0;
}

/** fuse_retrieve: what is cached of a range, up to the first page that is not. */
function retrieve(fc: FuseConnection, { body }: NotificationOf<'RETRIEVE'>): number {
  const { nodeid, offset, size, notify_unique } = body;
  const inode = fc.inodes.get(nodeid);
  if (inode === undefined) return E.ENOENT;
  const start = Number(offset);
  const wanted = Math.max(0, Math.min(size, fc.maxWrite, inode.size - start));
  const end = Math.min(start + wanted, (Math.floor(start / PAGE_SIZE) + fc.maxPages) * PAGE_SIZE);
  const pieces: Uint8Array[] = [];
  for (let at = start; at < end; ) {
    const page = inode.mapping?.pages.get(Math.floor(at / PAGE_SIZE));
    if (page === undefined) break;
    const within = at % PAGE_SIZE;
    const count = Math.min(PAGE_SIZE - within, end - at);
    pieces.push(page.data.subarray(within, within + count));
    at += count;
  }
  const request = new FuseRequest(undefined);
  request.begin(opcodes.NOTIFY_REPLY.code, nodeid, fuse_notify_retrieve_in.size);
  const total = pieces.reduce((sum, { length }) => sum + length, 0);
  fuse_notify_retrieve_in.write(request.message, IN * 4, { offset, size: total });
  for (const piece of pieces) request.bytes(piece);
  fc.device.queueReply(request, notify_unique);
  return 0;
}

/** fuse_notify_prune: unused dentries of the nodes go, and with the last of them the inode. */
function prune(fc: FuseConnection, nodeid: U64): void {
  const inode = fc.inodes.get(nodeid);
  if (inode === undefined) return;
  for (const alias of aliasesOf(inode)) {
    if (isRoot(alias)) continue;
    shrinkChildren(fc, alias);
    if (alias.count > 0) continue;
    alias.count += 1;
    dInvalidate(fc, alias);
    dPut(fc, alias);
  }
}
