import * as host from 'node:fs';
import { type Credentials, root } from '../../vfs/index.ts';
import type { SimKernel } from '../kernel/index.ts';
import { codedError, invalidType } from './argument-error.ts';
import { Dir } from './dir.ts';
import { Dirent } from './dirent.ts';
import { Driver } from './driver.ts';
import { FileHandle, openingHandles } from './file-handle.ts';
import { callbackForm, promiseForm, runPromise, syncForm, withPromisified } from './forms.ts';
import { exists, timesOperations } from './operations/attributes.ts';
import type { Transfer } from './operations/read-write.ts';
import { realpathOperations } from './operations/realpath.ts';
import { Stats } from './stats.ts';
import { streamClasses } from './streams.ts';
import { operationTable, type Row } from './table.ts';
import { unwatched } from './watch.ts';

/** The shape of `node:fs`, with `promises` in it. */
export type SimulatedFs = typeof host;

export interface SimulatedFsOptions {
  /** The process that makes the calls; it is made unless it is running. Default: the lowest free pid. */
  readonly pid?: number;
  /** Whose process it is, where it is made. Default: root. */
  readonly credentials?: Credentials;
  /** Its umask, where it is made. Default 022. */
  readonly umask?: number;
  /** System calls of callback and promise forms that may be under way at once. Default 4, as libuv's. */
  readonly threads?: number;
}

type Members = Record<string, unknown>;
type Callable = (...parameters: never[]) => unknown;

/**
 * An object of the shape of `node:fs` over a simulated kernel, for programs and libraries that take one. Errors are those
 * of Node on Linux. The synchronous forms need a filesystem that answers at once (ERR_ESTALE_SYNC else). A call that can
 * never finish fails with an error that says what it waits for.
 *
 * @example await git.init({ fs: simulatedFs(simulate(ram)), dir: '/' })
 */
export function simulatedFs(kernel: SimKernel, options: SimulatedFsOptions = {}): SimulatedFs {
  const pid = processOf(kernel, options);
  const driver = new Driver(kernel, pid, threadsOf(options));
  const fs: Members = {};
  const promises: Members = {};
  for (const [name, row] of Object.entries(operationTable(kernel, pid, driver))) {
    fs[name] = callbackOf(driver, name, row);
    fs[`${name}Sync`] = syncForm(driver, `${name}Sync`, row.sync ?? row.operation);
    if (row.promise !== false) promises[name] = promiseForm(driver, name, row.promise ?? row.operation);
  }
  const { native } = realpathOperations(() => kernel.workingDirectory(pid) ?? '/');
  Object.assign(fs.realpath as object, { native: callbackForm(driver, 'native', native) });
  Object.assign(fs.realpathSync as object, { native: syncForm(driver, 'realpathSync.native', native) });
  promises.realpath = promiseForm(driver, 'realpath', native);
  fs.exists = existing(driver);
  fs.existsSync = syncForm(driver, 'existsSync', exists);

  const { ReadStream, WriteStream } = streamClasses(fs);
  const createReadStream = (path: host.PathLike, given?: object) => new ReadStream(path, given);
  const createWriteStream = (path: host.PathLike, given?: object) => new WriteStream(path, given);
  const { futimes } = timesOperations(() => kernel.now());
  promises.open = promiseForm(driver, 'open', openingHandles({ driver, futimes, createReadStream, createWriteStream }));
  for (const name of ['readFile', 'writeFile', 'appendFile'] as const)
    promises[name] = alsoOnHandles(name, promises[name] as Callable);
  const { constants } = host;
  const { F_OK, R_OK, W_OK, X_OK } = constants;
  Object.assign(promises, { constants, lchmod: noLchmod, watch: unwatched('promises.watch') });

  const { readFile } = promises as { readFile: (path: host.PathLike) => Promise<Buffer> };
  const openAsBlob = async (path: host.PathLike, given?: { readonly type?: string }) =>
    new Blob([await readFile(path)], given);
  const classes = {
    Stats,
    Dirent,
    Dir,
    ReadStream,
    WriteStream,
    FileReadStream: ReadStream,
    FileWriteStream: WriteStream,
  };
  const watching = { watch: unwatched('watch'), watchFile: unwatched('watchFile'), unwatchFile: () => {} };
  const others = { createReadStream, createWriteStream, openAsBlob, lchmod: undefined, lchmodSync: undefined };
  Object.assign(fs, others, watching, classes, { promises, constants, F_OK, R_OK, W_OK, X_OK });
  return fs as unknown as SimulatedFs;
}

function processOf(kernel: SimKernel, { pid, credentials = root, umask }: SimulatedFsOptions): number {
  let own = pid ?? 1;
  if (pid === undefined) while (kernel.isRunning(own)) own += 1;
  if (!kernel.isRunning(own)) kernel.spawn(own, credentials, umask);
  else if (umask !== undefined)
    throw new Error(`simulatedFs: expected no umask for process ${own}, which is running and has one, given ${umask}`);
  return own;
}

function threadsOf({ threads = 4 }: SimulatedFsOptions): number {
  if (Number.isInteger(threads) && threads > 0) return threads;
  throw new RangeError(`simulatedFs: expected a whole number from 1 on as threads, given ${threads}`);
}

function callbackOf(driver: Driver, name: string, { operation, spread, moves }: Row): Callable {
  const form = callbackForm(driver, name, operation, spread);
  if (moves === undefined) return form;
  return withPromisified(form, async (...parameters: readonly never[]) => {
    const { bytes, buffer } = (await runPromise(driver, operation(...parameters))) as Transfer<unknown>;
    return { [moves[0]]: bytes, [moves[1]]: buffer };
  });
}

/** Its callback gets no error. */
function existing(driver: Driver): Callable {
  const form = callbackForm(driver, 'exists', exists);
  const withoutError = (path: never, callback: (exists: boolean) => void) => {
    if (typeof callback !== 'function') throw invalidType('cb', 'of type function', callback);
    form(path, ((_: unknown, found?: boolean) => callback(found === true)) as never);
  };
  return withPromisified(withoutError, promiseForm(driver, 'exists', exists));
}

/** The promise forms that take a file handle in place of a path. */
function alsoOnHandles(name: 'readFile' | 'writeFile' | 'appendFile', form: Callable): Callable {
  return (path: unknown, ...rest: readonly never[]) =>
    path instanceof FileHandle ? (path[name] as Callable)(...rest) : form(path as never, ...rest);
}

async function noLchmod(): Promise<never> {
  throw codedError('ERR_METHOD_NOT_IMPLEMENTED', 'The lchmod() method is not implemented');
}
