import type { FuseNative } from './load.ts';

/** fuse-native's number of the operation (op_utimens, fuse-native.c). */
const OP_UTIMENS = 12;
/** Where fuse_thread_locals_t keeps atime and mtime on x86-64: milliseconds, as u64. */
const ATIME_OFFSET = 104;
const MTIME_OFFSET = ATIME_OFFSET + 8;

const TWO_32 = 2 ** 32;

/**
 * fuse-native 2.2.6 passes atime twice to `utimens` (FUSE_METHOD_VOID(utimens, ...) reads l->atime for both); the right
 * mtime stands beside it in the thread's locals, which every handler is given. Where they do not look as expected,
 * `complain` is called once and mtime follows atime.
 */
export function repairUtimens(fuse: FuseNative, complain: (message: string) => void): void {
  const original = fuse._handlers[OP_UTIMENS];
  let complained = false;
  fuse._handlers[OP_UTIMENS] = (locals, opcode, ...rest) => {
    const [path, low, high] = rest as [string, number, number];
    const expected = BigInt(low) + BigInt(high) * BigInt(TWO_32);
    if (locals.length < MTIME_OFFSET + 8 || locals.readBigUInt64LE(ATIME_OFFSET) !== expected) {
      if (!complained) complain('utimens: this build of fuse-native hides mtime; it is set to atime');
      complained = true;
      return original(locals, opcode, ...rest);
    }
    const mtimeLow = locals.readUInt32LE(MTIME_OFFSET);
    const mtimeHigh = locals.readUInt32LE(MTIME_OFFSET + 4);
    return original(locals, opcode, path, low, high, mtimeLow, mtimeHigh);
  };
}
