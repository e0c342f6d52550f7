import type { Call, Credentials, Timespec } from '../../vfs/index.ts';

/** A path as `node:fs` takes it: bytes where the name is not UTF-8. */
export type NodePath = string | Buffer;

/** Seconds since the epoch; as a string where negative, because `node:fs` takes a negative number for now. */
export type NodeTime = number | string;

type BigIntOption = { readonly bigint: true };

/**
 * The synchronous methods of `node:fs` that FsKernel calls; memfs, ZenFS and `node:fs` itself have them. What a method
 * returns is checked, not believed. A method that is missing takes its capability away.
 */
export interface NodeFs {
  openSync(path: NodePath, flags: number, mode: number): unknown;
  closeSync(fd: number): unknown;
  readSync(fd: number, buffer: Buffer, offset: number, length: number, position: number | null): unknown;
  writeSync(fd: number, buffer: Buffer, offset: number, length: number, position: number | null): unknown;
  statSync(path: NodePath, options: BigIntOption): unknown;
  lstatSync(path: NodePath, options: BigIntOption): unknown;
  fstatSync(fd: number, options: BigIntOption): unknown;
  mkdirSync(path: NodePath, mode: number): unknown;
  rmdirSync(path: NodePath): unknown;
  unlinkSync(path: NodePath): unknown;
  renameSync(path: NodePath, newPath: NodePath): unknown;
  readdirSync(path: NodePath, options: { readonly withFileTypes: true }): unknown;

  readvSync?(fd: number, buffers: readonly Buffer[]): unknown;
  writevSync?(fd: number, buffers: readonly Buffer[]): unknown;
  truncateSync?(path: NodePath, size: number): unknown;
  ftruncateSync?(fd: number, size: number): unknown;
  fsyncSync?(fd: number): unknown;
  fdatasyncSync?(fd: number): unknown;
  accessSync?(path: NodePath, mode: number): unknown;
  chmodSync?(path: NodePath, mode: number): unknown;
  fchmodSync?(fd: number, mode: number): unknown;
  chownSync?(path: NodePath, uid: number, gid: number): unknown;
  lchownSync?(path: NodePath, uid: number, gid: number): unknown;
  fchownSync?(fd: number, uid: number, gid: number): unknown;
  utimesSync?(path: NodePath, atime: NodeTime, mtime: NodeTime): unknown;
  lutimesSync?(path: NodePath, atime: NodeTime, mtime: NodeTime): unknown;
  futimesSync?(fd: number, atime: NodeTime, mtime: NodeTime): unknown;
  linkSync?(path: NodePath, newPath: NodePath): unknown;
  symlinkSync?(target: NodePath, path: NodePath): unknown;
  readlinkSync?(path: NodePath): unknown;
  realpathSync?(path: NodePath): unknown;
  statfsSync?(path: NodePath, options: BigIntOption): unknown;
}

/** Methods without which nothing can be checked. */
const required = [
  'openSync',
  'closeSync',
  'readSync',
  'writeSync',
  'statSync',
  'lstatSync',
  'fstatSync',
  'mkdirSync',
  'rmdirSync',
  'unlinkSync',
  'renameSync',
  'readdirSync',
] as const satisfies readonly (keyof NodeFs)[];

/** Takes an object for a `NodeFs`; throws a TypeError that says what is missing and what to do. */
export function asNodeFs(value: unknown): NodeFs {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null)
    throw new TypeError(`a node:fs-shaped object: expected an object with openSync and so on, given ${String(value)}`);
  const has = (name: string) => typeof (value as Record<string, unknown>)[name] === 'function';
  const missing = required.filter((name) => !has(name));
  if (missing.length === 0) return value as NodeFs;
  const asynchronous = has('open') || 'promises' in value;
  throw new TypeError(
    `a node:fs-shaped object: expected its synchronous methods, but ${missing.join(', ')} ` +
      `${missing.length === 1 ? 'is' : 'are'} missing${asynchronous ? ' (only callbacks or promises are there)' : ''}; ` +
      'add them, or write the filesystem against the FileSystem contract, which may answer with promises',
  );
}

/** Where FsKernel takes the time from; `advance` lets the next stamps differ. */
export interface FsClock {
  now(): Timespec;
  advance?(): void;
}

export interface FsKernelOptions {
  readonly name?: string;
  /**
   * The directory of the object that serves as root, absolute; '/' unless given. Another root does not confine: paths and
   * link targets with `..`, and absolute link targets, are refused with an exception.
   */
  readonly root?: string;
  /** The clock by which the object stamps its files. */
  readonly clock: FsClock;
  /** See Kernel; nanoseconds, 2 ms unless given: most libraries keep milliseconds. */
  readonly timeSlack?: number;
  /** Largest size of a file, bytes (RLIMIT_FSIZE: EFBIG beyond), 1 GiB unless given: libraries keep files in memory. */
  readonly fileSizeLimit?: number;
  /** Runs around each use of the object: the place to make the globals that it reads (Date, process.getuid) virtual. */
  readonly wrap?: <T>(use: () => T) => T;
  /** Runs around several calls: the place to do once what `wrap` would do for each. */
  readonly batch?: <T>(calls: () => T) => T;
  /** Whose files the object makes: a process with other credentials cannot be spawned. Root unless given. */
  readonly credentials?: Credentials;
}

/** Why a call was answered EIO by FsKernel itself: a thrown value that is no POSIX error, or an answer of the wrong shape. */
export interface FsFailure {
  readonly call: Call;
  readonly message: string;
  readonly thrown?: unknown;
}
