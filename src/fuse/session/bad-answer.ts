import type { Attributes, Entry, Opened, Timespec } from '../../vfs/index.ts';
import { isU64 } from '../protocol/index.ts';

/** The filesystem's answer is not what its contract says: the caller gets EIO, and it is reported. */
export class BadAnswer extends Error {}

/** Ends a request whose answer is wrong: `bad('size', 'an integer from 0 on', NaN)`. */
export function bad(what: string, expected: string, given: unknown): never {
  const shown = typeof given === 'object' && given !== null ? `an object ${Object.keys(given)}` : String(given);
  throw new BadAnswer(`${what}: expected ${expected}, given ${shown}`);
}

// Not all that comes is a number: node:fs has stats in bigints too.
const isU32 = (value: number): boolean => typeof value === 'number' && value >>> 0 === value;
const isCount = (value: number): boolean =>
  typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER && Math.floor(value) === value;
const isTime = (time: Timespec): boolean => Number.isSafeInteger(time.sec) && isU32(time.nsec) && time.nsec < 1e9;

/** Bit n: S_IFMT >> 12 of n is a file type. The kernel refuses others (fuse_invalid_attr, fs/fuse/dir.c). */
const FILE_TYPES = (1 << 1) | (1 << 2) | (1 << 4) | (1 << 6) | (1 << 8) | (1 << 10) | (1 << 12);
const isMode = (mode: number): boolean => isU32(mode) && mode >>> 16 === 0 && (FILE_TYPES & (1 << (mode >> 12))) !== 0;

/** Checks what the contract says of attributes. */
export function checkAttributes(attributes: Attributes): void {
  if (typeof attributes !== 'object' || attributes === null) bad('attributes', 'an object', attributes);
  const { atime, mtime, ctime } = attributes;
  if (!atime || !mtime || !ctime) bad('attributes', 'atime, mtime and ctime', attributes);
  if (
    isMode(attributes.mode) &&
    isCount(attributes.size) &&
    isCount(attributes.blocks) &&
    isU32(attributes.nlink) &&
    isU32(attributes.uid) &&
    isU32(attributes.gid) &&
    isU32(attributes.rdev) &&
    isU32(attributes.blksize) &&
    isTime(atime) &&
    isTime(mtime) &&
    isTime(ctime) &&
    isU64(attributes.ino)
  )
    return;
  explain(attributes);
}

function explain(attributes: Attributes): never {
  const { mode, size, blocks } = attributes;
  if (!isMode(mode))
    bad(
      'attributes.mode',
      'permission bits with a file type',
      typeof mode === 'number' ? `0${mode.toString(8)}` : mode,
    );
  if (!isCount(size)) bad('attributes.size', 'an integer from 0 to 2^53 - 1', size);
  if (!isCount(blocks)) bad('attributes.blocks', 'an integer from 0 to 2^53 - 1', blocks);
  for (const key of ['nlink', 'uid', 'gid', 'rdev', 'blksize'] as const)
    if (!isU32(attributes[key])) bad(`attributes.${key}`, 'an integer from 0 to 2^32 - 1', attributes[key]);
  if (!isU64(attributes.ino)) bad('attributes.ino', 'a number up to 2^53 - 1 or a bigint above', attributes.ino);
  for (const key of ['atime', 'mtime', 'ctime'] as const)
    if (!isTime(attributes[key]))
      bad(
        `attributes.${key}`,
        'whole seconds and 0 to 999999999 nanoseconds',
        `${attributes[key].sec} s ${attributes[key].nsec} ns`,
      );
  throw new BadAnswer('attributes do not fit the contract');
}

/** Checks an entry that was found or made. */
export function checkEntry(entry: Entry): void {
  if (typeof entry !== 'object' || entry === null) bad('entry', 'an object', entry);
  if (!isCount(entry.node) || entry.node === 0) bad('entry.node', 'an integer from 1 to 2^53 - 1', entry.node);
  if (!isU64(entry.generation)) bad('entry.generation', 'a number up to 2^53 - 1 or a bigint above', entry.generation);
  checkTimeout('entry.entryTimeout', entry.entryTimeout);
  checkTimeout('entry.attributeTimeout', entry.attributeTimeout);
  checkAttributes(entry.attributes);
}

function checkTimeout(what: string, timeout: number | undefined): void {
  if (timeout !== undefined && !(timeout >= 0)) bad(what, 'seconds from 0 on', timeout);
}

export function checkOpened(opened: Opened): void {
  if (typeof opened !== 'object' || opened === null) bad('opened', 'an object', opened);
  if (!isCount(opened.fh)) bad('opened.fh', 'an integer from 0 to 2^53 - 1', opened.fh);
}

/** Checks a number of bytes, at most `limit`. */
export function checkCount(what: string, count: number, limit: number): void {
  if (!isCount(count) || count > limit) bad(what, `an integer from 0 to ${limit}`, count);
}

export function checkU32(what: string, value: number): void {
  if (!isU32(value)) bad(what, 'an integer from 0 to 2^32 - 1', value);
}
