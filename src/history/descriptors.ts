import { isError, O_APPEND } from '../vfs/index.ts';
import { type History, type Moment, NEVER, type Operation } from './history.ts';

/** An open file, from its open to its close. */
export interface OpenFile {
  readonly opening: Operation;
  /** `ino.generation`. */
  readonly node: string;
  readonly path: string;
  readonly flags: number;
  closed: Moment;
  /** Where the next read or write begins; undefined where that cannot be told. */
  position: number | undefined;
}

/** The place of an operation in its history, for messages; from 1 on. */
const placeOf = (history: History, operation: Operation): number => history.operations.indexOf(operation) + 1;

/**
 * Which open file each operation works on. A process' descriptors are its own: in histories nobody forks or duplicates.
 *
 * @throws Error where an open does not say which node it opened
 */
export function openFiles(history: History): ReadonlyMap<Operation, OpenFile> {
  const byOperation = new Map<Operation, OpenFile>();
  const tables = new Map<number, Map<number, OpenFile>>();
  for (const operation of history.operations) {
    const { pid, call, result, node, returned } = operation;
    let files = tables.get(pid);
    if (files === undefined) {
      files = new Map();
      tables.set(pid, files);
    }
    if (call.op === 'open' && typeof result === 'number' && !isError(result)) {
      if (node === undefined)
        throw new Error(`history: operation ${placeOf(history, operation)}: expected an open that says its node`);
      const before = files.get(result);
      if (before !== undefined) before.closed = returned ?? NEVER;
      const position = (call.flags & O_APPEND) === 0 ? 0 : undefined;
      const file = { opening: operation, node, path: call.path, flags: call.flags, closed: NEVER, position };
      files.set(result, file);
      byOperation.set(operation, file);
    } else if ('fd' in call) {
      const file = files.get(call.fd);
      if (file === undefined) continue;
      byOperation.set(operation, file);
      if (call.op !== 'close') continue;
      file.closed = returned ?? NEVER;
      files.delete(call.fd);
    }
  }
  return byOperation;
}
