import { errnoNumbers as E } from '../../vfs/index.ts';
import type { File } from './file.ts';
import { setattr } from './fuse-attr.ts';
import type { FuseConnection } from './fuse-connection.ts';
import { beginRead, invalidateAtime } from './fuse-read.ts';
import type { FuseRequest } from './fuse-request.ts';
import { beginWrite, bytesWritten, killFlag, performWrite, writeUpdateAttributes } from './fuse-write.ts';
import { FUSE_STATX_MODSIZE, invalidateAttributes } from './inode.ts';
import { type Operation, onReply, type Soon, settled } from './operation.ts';
import { checkErrors, mappingOf, PAGE_SIZE } from './page-cache.ts';
import type { Process } from './process.ts';
import { invalidateInodePages2 } from './truncate.ts';
import { syncWrites, writeAndWait } from './writeback.ts';

const pageOf = (position: number): number => Math.floor(position / PAGE_SIZE);

/** What fuse_direct_io (fs/fuse/file.c) does first: the cache neither holds back older data nor keeps what is overwritten. */
export function* beforeDirectIo(
  fc: FuseConnection,
  p: Process,
  file: File,
  position: number,
  size: number,
  writes: boolean,
  fopenDirect: boolean,
): Operation<number> {
  const { mapping } = file.inode;
  if (mapping === null || size === 0) return 0;
  const [first, last] = [pageOf(position), pageOf(position + size - 1)];
  if (fopenDirect && fc.directIoAllowMmap) {
    yield* writeAndWait(fc, p, mapping, first, last);
    const error = checkErrors(mapping);
    if (error !== 0) return error;
  }
  if (mapping.writeback > 0) yield* syncWrites(fc, p, mapping);
  if (fopenDirect && writes) invalidateInodePages2(fc, file.inode, first, last);
  return 0;
}

/**
 * fuse_direct_IO with async_dio: every request of a transfer goes out before the first is answered. Gives the bytes up to
 * the first short answer, or an error; `done` gets each request as it ends.
 */
function* allAtOnce(
  fc: FuseConnection,
  p: Process,
  size: number,
  most: number,
  begin: (request: FuseRequest, at: number, size: number) => void,
  done: (request: FuseRequest, at: number, size: number) => number,
): Operation<number> {
  let left = 0;
  let bytes = size;
  let error = 0;
  let waits = false;
  for (let at = 0; at < size; at += most) {
    const piece = Math.min(most, size - at);
    yield* fc.device.waitForBackground(p);
    const request = fc.device.background((ended) => {
      left -= 1;
      if (ended.error !== 0) error ||= ended.error;
      else {
        const moved = done(ended, at, piece);
        if (moved < 0) error ||= moved;
        else if (moved < piece) bytes = Math.min(bytes, at + moved);
      }
      if (waits && left === 0) p.wake();
    }, p);
    begin(request, at, piece);
    left += 1;
    fc.device.queueBackground(request);
  }
  while (left > 0) {
    waits = true;
    p.sleep('direct I/O');
    yield;
  }
  return error !== 0 ? error : bytes;
}

/** A read with O_DIRECT (generic_file_read_iter, fuse_direct_IO). */
export function* directRead(
  fc: FuseConnection,
  p: Process,
  file: File,
  position: number,
  count: number,
): Operation<Uint8Array | number> {
  const { inode } = file;
  const mapping = mappingOf(inode);
  yield* writeAndWait(fc, p, mapping, pageOf(position), pageOf(position + count - 1));
  const failed = checkErrors(mapping);
  if (failed !== 0) return failed;
  if (position >= inode.size) return new Uint8Array(0);
  // fuse_round_up: nothing is asked for far behind the end.
  const unit = fc.maxPages * PAGE_SIZE;
  const size = fc.asyncDio ? Math.min(count, Math.ceil((inode.size - position) / unit) * unit) : count;
  const error = yield* beforeDirectIo(fc, p, file, position, size, false, false);
  if (error !== 0) return error;
  const into = new Uint8Array(size);
  const most = Math.min(fc.maxRead, unit);
  const take = (request: FuseRequest, at: number): number => {
    into.set(request.data, at);
    return request.size;
  };
  let done: number;
  if (fc.asyncDio)
    done = yield* allAtOnce(
      fc,
      p,
      size,
      most,
      (request, at, piece) => beginRead(request, file, position + at, piece, p.owner),
      take,
    );
  else done = yield* oneByOneRead(fc, p, file, position, size, take);
  invalidateAtime(fc, inode);
  return done < 0 ? done : into.subarray(0, done);
}

/** fuse_direct_io of a read: one READ after the other until one comes back short. */
export function* oneByOneRead(
  fc: FuseConnection,
  p: Process,
  file: File,
  position: number,
  size: number,
  take: (request: FuseRequest, at: number) => number,
): Operation<number> {
  const { request } = p;
  const most = Math.min(fc.maxRead, fc.maxPages * PAGE_SIZE);
  let done = 0;
  while (done < size) {
    const piece = Math.min(most, size - done);
    beginRead(request, file, position + done, piece, p.owner);
    if (!fc.device.send(p)) yield;
    if (request.error !== 0) return done > 0 ? done : request.error;
    done += take(request, done);
    if (request.size < piece) break;
  }
  return done;
}

/** fuse_direct_io of a write: one WRITE after the other until one is short. */
export function oneByOneWrite(
  fc: FuseConnection,
  p: Process,
  file: File,
  position: number,
  data: Uint8Array,
  done = 0,
): Soon<number> {
  const most = Math.min(fc.maxWrite, fc.maxPages * PAGE_SIZE);
  const piece = Math.min(most, data.length - done);
  const bytes = piece === data.length ? data : data.subarray(done, done + piece);
  beginWrite(p.request, file, position + done, bytes, killFlag(p, true), p.owner);
  return fc.device.send(p)
    ? writeRest(fc, p, file, position, data, done, piece)
    : onReply(writeRest, fc, p, file, position, data, done, piece);
}

function writeRest(
  fc: FuseConnection,
  p: Process,
  file: File,
  position: number,
  data: Uint8Array,
  done: number,
  piece: number,
): Soon<number> {
  const written = bytesWritten(p.request, piece);
  if (written < 0) return done > 0 ? done : written;
  const total = done + written;
  return written < piece || total === data.length ? total : oneByOneWrite(fc, p, file, position, data, total);
}

/** A write with O_DIRECT (generic_file_direct_write, fuse_direct_IO); what it leaves goes through the cache. */
export function* directWrite(
  fc: FuseConnection,
  p: Process,
  file: File,
  position: number,
  data: Uint8Array,
): Operation<number> {
  const { inode } = file;
  const mapping = mappingOf(inode);
  const { size: oldSize } = inode;
  const [first, last] = [pageOf(position), pageOf(position + data.length - 1)];
  yield* writeAndWait(fc, p, mapping, first, last);
  let error = checkErrors(mapping);
  if (error !== 0) return error;
  invalidateInodePages2(fc, inode, first, last);
  error = yield* beforeDirectIo(fc, p, file, position, data.length, true, false);
  if (error !== 0) return error;
  const most = Math.min(fc.maxWrite, fc.maxPages * PAGE_SIZE);
  let done = fc.asyncDio
    ? yield* allAtOnce(
        fc,
        p,
        data.length,
        most,
        (request, at, size) =>
          beginWrite(request, file, position + at, data.subarray(at, at + size), killFlag(p, true), p.owner),
        (request, _at, size) => bytesWritten(request, size),
      )
    : yield* settled(oneByOneWrite(fc, p, file, position, data));
  invalidateAttributes(inode, FUSE_STATX_MODSIZE);
  if (fc.asyncDio && done >= 0 && done < data.length) done = -E.EIO;
  writeUpdateAttributes(fc, inode, position + Math.max(done, 0), done);
  // fuse_do_truncate: of what was to make the file longer a part may have been written.
  if (done < 0 && position + data.length > oldSize) yield* setattr(fc, p, inode, { size: inode.size, file });
  if (done < 0) return done;
  invalidateInodePages2(fc, inode, first, last);
  p.writtenTo = position + done;
  if (done === data.length) return done;
  const rest = yield* performWrite(fc, p, file, position + done, data.subarray(done));
  if (rest <= 0) return done > 0 ? done : rest;
  p.writtenTo = position + done + rest;
  return done + rest;
}
