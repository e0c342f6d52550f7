import { errnoNumbers, nameToBytes } from '../../vfs/index.ts';
import type { FuseNative, PathOperations, Signal } from './load.ts';

/**
 * fuse-native 2.2.6 copies values and lists into libfuse's buffer without a look at its size. What does not fit must give
 * ERANGE (getxattr(2)): the kernel takes a longer answer for EIO.
 */
export function repairXattrSizes(fuse: FuseNative, { getxattr, listxattr }: PathOperations): void {
  fuse._op_getxattr = (signal, path, name, into, position) =>
    getxattr(path, name, position, (error, value) => answer(signal, into, error, value ?? new Uint8Array()));
  fuse._op_listxattr = (signal, path, into) =>
    listxattr(path, (error, names = []) => {
      const strings = names.map((name) => Buffer.concat([nameToBytes(name), Buffer.alloc(1)]));
      answer(signal, into, error, Buffer.concat(strings));
    });
}

/** An empty buffer asks for the size. */
function answer(signal: Signal, into: Buffer, error: number, value: Uint8Array): void {
  const fits = into.length === 0 || value.length <= into.length;
  if (error === 0 && fits && into.length > 0) into.set(value);
  signal(error < 0 ? error : fits ? value.length : -errnoNumbers.ERANGE, into.buffer);
}
