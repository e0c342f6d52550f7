import { type NfsError, statusOf } from '../nfs/index.ts';
import type { Errno } from '../vfs/index.ts';

const unknown = {};

/** What results that are failures have beside their status, where nothing is known. */
const nothingKnown = { wcc: unknown, dirWcc: unknown, fromDirWcc: unknown, toDirWcc: unknown, linkDirWcc: unknown };

/** A result that says an error; of another result it keeps what a failure tells, such as attributes. */
export function failure(error: Errno, result: object): { readonly status: NfsError; readonly result: object } {
  const status = statusOf(error) ?? 'IO';
  return { status, result: { ...nothingKnown, ...result, status } };
}
