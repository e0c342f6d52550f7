import type { Message } from '../../fuse/message.ts';
import {
  decodeNotification,
  FUSE_EXPIRE_ONLY,
  fuse_notify_retrieve_in,
  type NotificationOf,
  opcodes,
} from '../../fuse/protocol/index.ts';
import { errnoNumbers as E, isDirectory, type U64 } from '../../vfs/index.ts';
import { type Dentry, dDelete, dInvalidate, dLookup, dPut, isRoot, shrinkChildren } from './dcache.ts';
import type { FuseConnection } from './fuse-connection.ts';
import { FuseRequest, IN } from './fuse-request.ts';
import { invalidateAttributes } from './inode.ts';

/** fuse_notify (fs/fuse/dev.c): what the daemon sends unasked acts on the caches. Returns 0 or the errno number of its write. */
export function notify(fc: FuseConnection, message: Message, length: number): number {
  const notification = decodeNotification(message, length);
  switch (notification.op) {
    case 'INVAL_INODE':
      return invalidateInode(fc, notification.body.ino, Number(notification.body.off));
    case 'INVAL_ENTRY': {
      const { parent, flags } = notification.body;
      return invalidateEntry(fc, parent, 0, notification.name, flags);
    }
    case 'DELETE':
      return invalidateEntry(fc, notification.body.parent, notification.body.child, notification.name, 0);
    case 'STORE':
      return fc.inodes.has(notification.body.nodeid) ? 0 : E.ENOENT;
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
function invalidateInode(fc: FuseConnection, nodeid: U64, offset: number): number {
  const inode = fc.inodes.get(nodeid);
  if (inode === undefined) return E.ENOENT;
  inode.attrVersion = fc.nextAttrVersion();
  invalidateAttributes(inode);
  if (offset >= 0) inode.link = undefined;
  return 0;
}

/** fuse_reverse_inval_entry: INVAL_ENTRY, and with a child DELETE. */
function invalidateEntry(fc: FuseConnection, parentId: U64, child: U64, name: string, flags: number): number {
  const parent = fc.inodes.get(parentId);
  if (parent === undefined) return E.ENOENT;
  if (!isDirectory(parent.mode)) return E.ENOTDIR;
  const [directory] = parent.aliases;
  const entry = directory === undefined ? undefined : dLookup(directory, name);
  if (entry === undefined || entry.lookupWaiters !== null) return E.ENOENT;
  invalidateAttributes(parent);
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

/** fuse_retrieve: nothing is cached, so there is nothing to give. */
function retrieve(fc: FuseConnection, notification: NotificationOf<'RETRIEVE'>): number {
  const { nodeid, offset, notify_unique } = notification.body;
  if (!fc.inodes.has(nodeid)) return E.ENOENT;
  const request = new FuseRequest(undefined);
  request.begin(opcodes.NOTIFY_REPLY.code, nodeid, fuse_notify_retrieve_in.size);
  fuse_notify_retrieve_in.write(request.message, IN * 4, { offset, size: 0 });
  fc.device.queueReply(request, notify_unique);
  return 0;
}

/** fuse_notify_prune: unused dentries of the nodes go, and with the last of them the inode. */
function prune(fc: FuseConnection, nodeid: U64): void {
  const inode = fc.inodes.get(nodeid);
  if (inode === undefined) return;
  for (const alias of [...inode.aliases]) {
    if (isRoot(alias)) continue;
    shrinkChildren(fc, alias);
    if (alias.count > 0) continue;
    alias.count += 1;
    dInvalidate(fc, alias);
    dPut(fc, alias);
  }
}
