import { type AnyActedOn, anyActedOn } from './action.ts';
import { fileObjects } from './contents.ts';
import { openFiles } from './descriptors.ts';
import type { History } from './history.ts';
import { nameObjects } from './name-objects.ts';

/** Calls whose results say something, or that change nothing that is judged. */
const judged: ReadonlySet<string> = new Set(
  'open close read pread write pwrite ftruncate fstat stat lstat mkdir rmdir unlink rename link getdents fsync fdatasync exit'.split(
    ' ',
  ),
);

/**
 * The objects of a history, each with what was done to it; judged strictly, no client decides by what it remembers.
 *
 * @throws Error where there is a call that is not judged
 */
export function objectsOf(history: History, strict: boolean): readonly AnyActedOn[] {
  for (const { call } of history.operations)
    if (!judged.has(call.op)) throw new Error(`history: expected one of ${[...judged].join(', ')}, given ${call.op}`);
  const files = openFiles(history);
  return [...nameObjects(history, files, strict).map(anyActedOn), ...fileObjects(history, files).map(anyActedOn)];
}
