import { O_ACCMODE, O_CREAT, O_EXCL, O_NOFOLLOW, O_SYNC, O_TRUNC } from '../../vfs/index.ts';
import type { BackingFs } from './backing.ts';

const translated = [
  ['O_CREAT', O_CREAT],
  ['O_EXCL', O_EXCL],
  ['O_TRUNC', O_TRUNC],
  ['O_SYNC', O_SYNC],
  ['O_NOFOLLOW', O_NOFOLLOW],
] as const;

function translate({ constants }: BackingFs, flags: number): number {
  let host = flags & O_ACCMODE;
  for (const [name, bit] of translated) if ((flags & bit) === bit) host |= constants[name] ?? 0;
  return host;
}

/**
 * Flags for opening what exists, in the backing's own numbers. O_APPEND stays with the kernel, which sends offsets; a
 * symbolic link that took the file's place is not followed.
 */
export function openFlags(fs: BackingFs, flags: number): number {
  return translate(fs, (flags & ~(O_CREAT | O_EXCL)) | O_NOFOLLOW);
}

/** Flags for making a file that is not there yet. */
export function createFlags(fs: BackingFs, flags: number): number {
  return translate(fs, flags | O_CREAT | O_EXCL);
}
