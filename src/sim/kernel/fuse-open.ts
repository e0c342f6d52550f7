import {
  FOPEN_CACHE_DIR,
  FOPEN_DIRECT_IO,
  FOPEN_KEEP_CACHE,
  FOPEN_NONSEEKABLE,
  FOPEN_STREAM,
  FUSE_OPEN_KILL_SUIDGID,
  fuse_create_in,
  fuse_create_out,
  fuse_entry_out,
  fuse_open_in,
  fuse_open_out,
  opcodes,
  readU64,
} from '../../fuse/protocol/index.ts';
import {
  errnoNumbers as E,
  isDirectory,
  isRegular,
  O_ACCMODE,
  O_CREAT,
  O_EXCL,
  O_NOCTTY,
  O_PATH,
  O_TRUNC,
  S_IFIFO,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
} from '../../vfs/index.ts';
import { maskedMode } from './create.ts';
import { type Dentry, dAdd, dGet, joinAlias } from './dcache.ts';
import { File, FMODE_LSEEK, FMODE_PATH, FMODE_PREAD, FMODE_PWRITE, FMODE_READ, FMODE_WRITE } from './file.ts';
import type { FuseConnection } from './fuse-connection.ts';
import { entryAttributeExpiry, entryExpiry, fuseIget, invalidAttributes } from './fuse-inode.ts';
import { IN, OUT } from './fuse-request.ts';
import { FUSE_STATX_MODSIZE, type Inode, invalidateAttributes } from './inode.ts';
import { inodeOf } from './namei.ts';
import type { Nameidata } from './nameidata.ts';
import { afterWait, type Operation, onReply, result, type Soon, settled } from './operation.ts';
import { mappingOf } from './page-cache.ts';
import { lockOwner, type Process } from './process.ts';
import { dropListing } from './readdir-cache.ts';
import { invalidateInodePages2, truncatePagecache } from './truncate.ts';
import { linkWriteFile, releaseNowrite, setNowrite, updateTime, waitForLaundering } from './writeback.ts';

const { OPEN, OPENDIR } = opcodes;
const ENTRY_MODE = OUT + 10 + 15;
const OPEN_AT = OUT + fuse_entry_out.size / 4;

/** What an open has come to (struct file's FMODE_OPENED and FMODE_CREATED). */
export interface Opening {
  flags: number;
  readonly mode: number;
  access: number;
  created: boolean;
  file: File | undefined;
}

export function newFile(p: Process, dentry: Dentry, inode: Inode, flags: number): File {
  const { fc } = p;
  fc.filesOpened += 1;
  const path = (flags & O_PATH) !== 0;
  const access = (flags + 1) & O_ACCMODE;
  const mode = path ? FMODE_PATH : access | FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE;
  inode.count += 1;
  const file = new File(dGet(dentry), inode, p, flags, mode, lockOwner(fc.filesOpened, 0x15));
  // file_sample_sb_err: errors that nobody has seen are for this file too (errseq_sample, lib/errseq.c).
  const { mapping } = inode;
  if (mapping !== null) file.errorsSeen = mapping.errorSeen ? mapping.errors : mapping.errors - 1;
  return file;
}

/** fuse_create_open: makes and opens in one request. `nd.child` is the name. */
export function fuseCreateOpen(
  fc: FuseConnection,
  p: Process,
  nd: Nameidata,
  opening: Opening,
  mode: number,
  opcode: number,
): Soon<number> {
  const directory = inodeOf(nd);
  if (directory.bad) return -E.EIO;
  const child = nd.child as Dentry;
  let flags = opening.flags & ~O_NOCTTY;
  if ((flags & O_EXCL) !== 0) flags &= ~O_TRUNC;
  if ((flags & O_ACCMODE) === O_ACCMODE) flags -= 1;
  const { request } = p;
  const words = request.begin(opcode, directory.nodeid, fuse_create_in.size);
  words[IN] = flags;
  words[IN + 1] = maskedMode(fc, p, mode);
  words[IN + 2] = p.umask;
  words[IN + 3] =
    fc.handleKillprivV2 && (flags & O_TRUNC) !== 0 && (flags & O_EXCL) === 0 && !p.capable ? FUSE_OPEN_KILL_SUIDGID : 0;
  request.name(child.name);
  request.expected = fuse_create_out.size;
  return fc.device.send(p)
    ? takeCreated(fc, p, directory, child, opening, flags)
    : onReply(takeCreated, fc, p, directory, child, opening, flags);
}

function takeCreated(
  fc: FuseConnection,
  p: Process,
  directory: Inode,
  child: Dentry,
  opening: Opening,
  flags: number,
): number {
  const { request } = p;
  if (request.error !== 0) return request.error;
  const reply = request.reply.words;
  const nodeid = readU64(reply, OUT);
  if (nodeid === 0 || nodeid === 1 || (reply[ENTRY_MODE] & S_IFMT) !== S_IFREG || invalidAttributes(reply, OUT + 10))
    return -E.EIO;
  const inode = fuseIget(fc, reply, OUT, entryAttributeExpiry(fc, reply), 0);
  child.time = entryExpiry(fc, reply);
  if (child.hashed) dAdd(child, inode);
  else {
    // A nameless file's dentry is never hashed.
    joinAlias(child, inode);
  }
  fc.directoryChanged(directory);
  opening.created = true;
  const file = newFile(p, child, inode, opening.flags);
  file.fh = readU64(reply, OPEN_AT);
  file.openFlags = reply[OPEN_AT + 2];
  file.opened = true;
  fc.handles += 1;
  finishOpen(fc, file);
  opening.file = file;
  if (fc.atomicOTrunc && (flags & O_TRUNC) !== 0) truncatePagecache(inode, 0);
  else if ((file.openFlags & FOPEN_KEEP_CACHE) === 0) invalidateInodePages2(fc, inode);
  return 0;
}

/** do_dentry_open. */
export function vfsOpen(fc: FuseConnection, p: Process, dentry: Dentry, inode: Inode, opening: Opening): Soon<number> {
  const { flags } = opening;
  const type = inode.mode & S_IFMT;
  if (type === S_IFSOCK) return -E.ENXIO;
  const isDir = isDirectory(inode.mode);
  const writes = ((flags + 1) & FMODE_WRITE) !== 0;
  if (writes && fc.options.readOnly && type !== S_IFIFO) return -E.EROFS;
  const file = newFile(p, dentry, inode, flags);
  opening.file = file;
  if (type === S_IFIFO) return openFifo(inode, file);
  if (inode.bad) return -E.EIO;
  const truncates = !isDir && fc.atomicOTrunc && (flags & O_TRUNC) !== 0;
  return truncates && fc.writebackCache ? emptyWhileOpening(fc, p, file) : fuseOpen(fc, p, file, truncates);
}

/** is_wb_truncate: nothing is written while the file is emptied. */
function* emptyWhileOpening(fc: FuseConnection, p: Process, file: File): Operation<number> {
  const { inode } = file;
  const mapping = mappingOf(inode);
  if (!inode.rwsem.tryDown(true)) yield* inode.rwsem.wait(p, true, 'an inode');
  yield* setNowrite(p, mapping);
  const error = yield* settled(fuseOpen(fc, p, file, true));
  releaseNowrite(fc, mapping);
  inode.rwsem.up(true);
  return error;
}

/** fuse_open, fuse_dir_open (fs/fuse/file.c, fs/fuse/dir.c). */
function fuseOpen(fc: FuseConnection, p: Process, file: File, truncates: boolean): Soon<number> {
  const { inode } = file;
  const isDir = isDirectory(inode.mode);
  file.openFlags = FOPEN_KEEP_CACHE | (isDir ? FOPEN_CACHE_DIR : 0);
  if (isDir ? fc.noOpendir : fc.noOpen) return haveOpened(fc, p, file, truncates);
  let sent = file.flags & ~(O_CREAT | O_EXCL | O_NOCTTY);
  if (!fc.atomicOTrunc) sent &= ~O_TRUNC;
  const { request } = p;
  const words = request.begin(isDir ? OPENDIR.code : OPEN.code, inode.nodeid, fuse_open_in.size);
  words[IN] = sent;
  words[IN + 1] = !isDir && fc.handleKillprivV2 && (sent & O_TRUNC) !== 0 && !p.capable ? FUSE_OPEN_KILL_SUIDGID : 0;
  request.expected = fuse_open_out.size;
  return fc.device.send(p) ? takeOpened(fc, p, file, truncates) : onReply(takeOpened, fc, p, file, truncates);
}

function takeOpened(fc: FuseConnection, p: Process, file: File, truncates: boolean): Soon<number> {
  const { request } = p;
  if (request.error === 0) {
    file.fh = request.u64(0);
    file.openFlags = request.word(2);
    file.opened = true;
    fc.handles += 1;
  } else if (request.error !== -E.ENOSYS) return request.error;
  else if (isDirectory(file.inode.mode)) fc.noOpendir = true;
  else fc.noOpen = true;
  return haveOpened(fc, p, file, truncates);
}

function haveOpened(fc: FuseConnection, p: Process, file: File, truncates: boolean): Soon<number> {
  const { inode } = file;
  const isDir = isDirectory(inode.mode);
  if (isDir) file.openFlags &= ~FOPEN_DIRECT_IO;
  finishOpen(fc, file);
  if (truncates) {
    inode.attrVersion = fc.nextAttrVersion();
    inode.size = 0;
    updateTime(fc, inode);
    invalidateAttributes(inode, FUSE_STATX_MODSIZE);
    truncatePagecache(inode, 0);
  } else if ((file.openFlags & FOPEN_KEEP_CACHE) === 0) {
    if (!isDir) {
      invalidateInodePages2(fc, inode);
      if (inode.mapping?.laundering) return afterWait(waitForLaundering(fc, p, inode), result, 0);
    } else dropListing(inode);
  }
  return 0;
}

/** fuse_finish_open. */
function finishOpen(fc: FuseConnection, file: File): void {
  if (fc.options.directIo && isRegular(file.inode.mode)) file.openFlags |= FOPEN_DIRECT_IO;
  if ((file.openFlags & FOPEN_STREAM) !== 0) file.mode &= ~(FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE);
  else if ((file.openFlags & FOPEN_NONSEEKABLE) !== 0) file.mode &= ~(FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE);
  if (fc.writebackCache && (file.mode & FMODE_WRITE) !== 0 && isRegular(file.inode.mode)) linkWriteFile(file);
}

/** fifo_open (fs/pipe.c), as far as it does not wait for the other end: there is no data in this kernel's pipes. */
function openFifo(inode: Inode, file: File): number {
  file.mode &= ~(FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE);
  const access = file.mode & (FMODE_READ | FMODE_WRITE);
  if (access === 0) return -E.EINVAL;
  inode.pipe ??= { readers: 0, writers: 0 };
  if (access === FMODE_WRITE && inode.pipe.readers === 0) return -E.ENXIO;
  if ((access & FMODE_READ) !== 0) inode.pipe.readers += 1;
  if ((access & FMODE_WRITE) !== 0) inode.pipe.writers += 1;
  return 0;
}
