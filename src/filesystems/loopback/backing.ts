import * as nodeFs from 'node:fs';
import { createRequire } from 'node:module';
import { asSuperuser, type FileSystemOptions } from '../../env/index.ts';
import { switchOption, textOption } from '../options.ts';

/** Bytes where a name in it is not valid UTF-8. */
export type BackingPath = string | Buffer;
/** Seconds since the epoch; as a string where negative, because `node:fs` takes a negative number for now. */
export type BackingTime = number | string;

/** `fs.BigIntStats`. */
export interface BackingStats {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly mode: bigint;
  readonly nlink: bigint;
  readonly uid: bigint;
  readonly gid: bigint;
  readonly rdev: bigint;
  readonly size: bigint;
  readonly blocks: bigint;
  readonly blksize: bigint;
  readonly atimeNs: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly birthtimeNs: bigint;
}

/** `fs.StatsFs`. */
export interface BackingStatistics {
  readonly bsize: number;
  readonly blocks: number;
  readonly bfree: number;
  readonly bavail: number;
  readonly files: number;
  readonly ffree: number;
}

/** What loopback calls of a `node:fs`-shaped object. What is optional here answers ENOSYS where it is missing. */
export interface BackingFs {
  readonly constants: Readonly<Record<string, number | undefined>>;
  lstatSync(path: BackingPath, options: { bigint: true; throwIfNoEntry: false }): BackingStats | undefined;
  fstatSync(fd: number, options: { bigint: true }): BackingStats;
  openSync(path: BackingPath, flags: number, mode?: number): number;
  closeSync(fd: number): void;
  readSync(fd: number, into: Uint8Array, at: number, length: number, position: number): number;
  writeSync(fd: number, data: Uint8Array, at: number, length: number, position: number): number;
  readdirSync(path: BackingPath, options?: { encoding: 'buffer' }): readonly (string | Uint8Array)[];
  mkdirSync(path: BackingPath, mode: number): unknown;
  rmdirSync(path: BackingPath): void;
  unlinkSync(path: BackingPath): void;
  renameSync(path: BackingPath, newPath: BackingPath): void;
  ftruncateSync(fd: number, size: number): void;
  truncateSync(path: BackingPath, size: number): void;
  linkSync?(path: BackingPath, newPath: BackingPath): void;
  symlinkSync?(target: BackingPath, path: BackingPath): void;
  readlinkSync?(path: BackingPath, options: { encoding: 'buffer' }): string | Uint8Array;
  chmodSync?(path: BackingPath, mode: number): void;
  fchmodSync?(fd: number, mode: number): void;
  lchownSync?(path: BackingPath, uid: number, gid: number): void;
  fchownSync?(fd: number, uid: number, gid: number): void;
  lutimesSync?(path: BackingPath, atime: BackingTime, mtime: BackingTime): void;
  futimesSync?(fd: number, atime: BackingTime, mtime: BackingTime): void;
  fsyncSync?(fd: number): void;
  fdatasyncSync?(fd: number): void;
  statfsSync?(path: BackingPath): BackingStatistics;
}

export interface Backing {
  readonly fs: BackingFs;
  /** Directory of the backing that is the root here, without a slash at its end; '' is the backing's own root. */
  readonly root: string;
  /** An inode number (with device and time of birth) means one file for as long as it lives, and no other while it is open. */
  readonly inodesIdentify: boolean;
  /** Names may be any bytes: paths go as Buffer where they are no valid UTF-8. */
  readonly byteNames: boolean;
}

export const backings = ['node:fs', 'memfs'] as const;

/** The backing that the options name: a fresh memfs, a directory of the host, or any object given as `fs`. */
export function backingOf(options: FileSystemOptions): Backing {
  if (options.fs !== undefined) {
    if (options.backing !== undefined)
      throw new TypeError("loopback: options 'fs' and 'backing' exclude each other; give one of them");
    const likeNode = switchOption(options, 'likeNode', false);
    return { fs: asBackingFs(options.fs), root: rootOf(options, '/'), inodesIdentify: likeNode, byteNames: likeNode };
  }
  if (options.likeNode !== undefined)
    throw new TypeError("loopback: option 'likeNode': expected option 'fs' with it, given none");
  const name = textOption(options, 'backing', 'node:fs');
  switch (name) {
    case 'memfs':
      return { fs: memfs(), root: rootOf(options, '/'), inodesIdentify: false, byteNames: false };
    case 'node:fs': {
      const fs = nodeFs as unknown as BackingFs;
      return { fs, root: rootOf(options, undefined), inodesIdentify: true, byteNames: true };
    }
    default:
      throw new TypeError(`loopback: option backing: expected one of ${backings.join(', ')}, given '${name}'`);
  }
}

function rootOf(options: FileSystemOptions, initial: string | undefined): string {
  const root = textOption(options, 'root', initial ?? '');
  if (!root.startsWith('/'))
    throw new TypeError(`loopback: option root: expected the absolute path of a directory, given '${root}'`);
  return root.replace(/\/+$/, '');
}

function asBackingFs(value: unknown): BackingFs {
  const required = ['lstatSync', 'fstatSync', 'openSync', 'readSync', 'writeSync', 'readdirSync', 'constants'] as const;
  const missing = required.filter((name) => typeof value !== 'object' || value === null || !(name in value));
  if (missing.length === 0) return value as BackingFs;
  throw new TypeError(
    `loopback: option fs: expected an object shaped like node:fs, but it has no ${missing.join(', ')}`,
  );
}

/** A fresh memfs volume. It is loaded here, because only this backing needs it. */
function memfs(): BackingFs {
  const { Volume, createFsFromVolume }: typeof import('memfs') = createRequire(import.meta.url)('memfs');
  const root = { cwd: () => '/', platform: 'linux', emitWarning: () => {}, env: {}, getuid: () => 0, getgid: () => 0 };
  const volume = Volume.fromNestedJSON({}, '/', { process: root });
  return asSuperuser(createFsFromVolume(volume) as unknown as BackingFs);
}
