import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';

type Callback<T = never> = (error: number, value?: T) => void;

/** Takes the number of bytes, or a negative errno number. */
type CountCallback = (result: number) => void;

/** The path operations of fuse-native 2.2.6, as far as this project implements them; errors are negative errno numbers. */
export interface PathOperations {
  access(path: string, mode: number, done: Callback): void;
  statfs(path: string, done: Callback<PathStatfs>): void;
  getattr(path: string, done: Callback<PathStat>): void;
  fgetattr(path: string, fd: number, done: Callback<PathStat>): void;
  flush(path: string, fd: number, done: Callback): void;
  fsync(path: string, dataOnly: number, fd: number, done: Callback): void;
  fsyncdir(path: string, dataOnly: number, fd: number, done: Callback): void;
  readdir(path: string, done: Callback<string[]>): void;
  truncate(path: string, size: number, done: Callback): void;
  ftruncate(path: string, fd: number, size: number, done: Callback): void;
  utimens(path: string, atime: number, mtime: number, done: Callback): void;
  readlink(path: string, done: Callback<string>): void;
  chown(path: string, uid: number, gid: number, done: Callback): void;
  chmod(path: string, mode: number, done: Callback): void;
  mknod(path: string, mode: number, device: number, done: Callback): void;
  setxattr(path: string, name: string, value: Buffer, position: number, flags: number, done: Callback): void;
  getxattr(path: string, name: string, position: number, done: Callback<Buffer>): void;
  listxattr(path: string, done: Callback<readonly string[]>): void;
  removexattr(path: string, name: string, done: Callback): void;
  open(path: string, flags: number, done: Callback<number>): void;
  opendir(path: string, flags: number, done: Callback<number>): void;
  create(path: string, mode: number, done: Callback<number>): void;
  read(path: string, fd: number, into: Buffer, length: number, position: number, done: CountCallback): void;
  write(path: string, fd: number, data: Buffer, length: number, position: number, done: CountCallback): void;
  release(path: string, fd: number, done: Callback): void;
  releasedir(path: string, fd: number, done: Callback): void;
  unlink(path: string, done: Callback): void;
  rename(path: string, newPath: string, done: Callback): void;
  link(path: string, newPath: string, done: Callback): void;
  symlink(target: string, path: string, done: Callback): void;
  mkdir(path: string, mode: number, done: Callback): void;
  rmdir(path: string, done: Callback): void;
}

/** Times are milliseconds since the epoch. */
export interface PathStat {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly nlink: number;
  readonly ino: number;
  readonly rdev: number;
  readonly blksize: number;
  readonly blocks: number;
  readonly atime: number;
  readonly mtime: number;
  readonly ctime: number;
}

export interface PathStatfs {
  readonly bsize: number;
  readonly frsize: number;
  readonly blocks: number;
  readonly bfree: number;
  readonly bavail: number;
  readonly files: number;
  readonly ffree: number;
  readonly namemax: number;
}

type NativeHandler = (locals: Buffer, opcode: number, ...rest: unknown[]) => unknown;

/** Gives libfuse's thread its result; the buffer that it lent goes back with it. */
export type Signal = (result: number, buffer: ArrayBufferLike) => void;

export interface FuseNative {
  mount(done: (error: Error | null) => void): void;
  _op_getxattr(signal: Signal, path: string, name: string, into: Buffer, position: number): void;
  _op_listxattr(signal: Signal, path: string, into: Buffer): void;
  /** By fuse-native's own operation numbers; each gets the native thread's locals first. */
  readonly _handlers: NativeHandler[];
}

type FuseNativeConstructor = new (
  directory: string,
  operations: PathOperations,
  options: { readonly timeout: false; readonly fsname: string },
) => FuseNative;

// glibc's RTLD_NODELETE: Node unloads a library that registers no module, and this one registers none.
const RTLD_NODELETE = 0x1000;

/**
 * Loads fuse-native with the libfuse 2 that its package ships, so that no system libfuse is needed: the library is put
 * into the process first, under the SONAME that the addon asks for.
 */
export function loadFuseNative(): FuseNativeConstructor {
  const require = createRequire(import.meta.url);
  let folder: string;
  try {
    folder = dirname(require.resolve('fuse-native/package.json'));
  } catch (error) {
    throw new Error(
      'channel libfuse: the optional package fuse-native is not installed; run `npm install fuse-native`',
      {
        cause: error,
      },
    );
  }
  if (process.platform === 'linux') {
    const library = join(folder, 'prebuilds', `linux-${process.arch}`, 'libfuse.so');
    const { RTLD_NOW, RTLD_GLOBAL } = constants.dlopen;
    try {
      process.dlopen({ exports: {} }, library, RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE);
    } catch (error) {
      const loaded = error instanceof Error && error.message.includes('did not self-register');
      if (!loaded) throw unusable(error);
    }
  }
  try {
    return require('fuse-native') as FuseNativeConstructor;
  } catch (error) {
    throw unusable(error);
  }
}

function unusable(cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
  return new Error(
    `channel libfuse: fuse-native cannot be loaded on ${process.platform}-${process.arch} (${reason}); use --channel device`,
    { cause },
  );
}
