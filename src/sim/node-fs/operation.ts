import { type Call, type CallOf, isError, type SyscallName, type SysResult, type ValueOf } from '../../vfs/index.ts';
import { SystemError } from './system-error.ts';

/**
 * What a function of `node:fs` does, written once for its synchronous, callback and promise form: it yields the system
 * calls that it makes and gets their results, and yields promises (of a caller's filter, say) to wait for. Arguments are
 * checked before the first yield.
 */
export type FsOperation<T> = Generator<Call | PromiseLike<unknown>, T, unknown>;

/** One system call; an error is thrown as `node:fs` does, under the name and the paths that it gives them. */
export function* system<Name extends SyscallName>(
  call: CallOf<Name>,
  syscall: string,
  path?: string,
  dest?: string,
): FsOperation<ValueOf<Name>> {
  const result = (yield call as Call) as SysResult;
  if (isError(result)) throw new SystemError(-result, syscall, path, dest);
  return result as ValueOf<Name>;
}

/** A system call whose errors are the caller's business. */
export function* attempt<Name extends SyscallName>(call: CallOf<Name>): FsOperation<ValueOf<Name> | number> {
  return (yield call as Call) as ValueOf<Name> | number;
}

export function* waitFor<T>(value: T | PromiseLike<T>): FsOperation<T> {
  return isPromise(value) ? ((yield value) as T) : value;
}

export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}
