import fs, { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FsKernel } from '../../src/check/fs-kernel/index.ts';
import type { HostKernel } from '../../src/check/host-kernel/index.ts';
import { hostKernel } from '../../src/check/host-kernel/index.ts';
import type { Call, Kernel, SysResult } from '../../src/vfs/index.ts';
import {
  isDirectory,
  O_APPEND,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_RDONLY,
  O_RDWR,
  O_TRUNC,
  O_WRONLY,
  root,
} from '../../src/vfs/index.ts';

const able = process.platform === 'linux' && process.getuid?.() === 0;
const wanted = process.env.CI === 'true' || able;
if (!wanted) test.skip('FsKernel against the host kernel: skipped, it needs Linux and root');

const path = fc
  .constantFrom('', 'a', 'b', 'd', 'd/a', 'd/b', 'd/d', 'd/d/a', 's', 'a/', 'd/', './a', 'd/.')
  .map((name) => `/${name}`);
const fd = fc.integer({ min: 3, max: 6 });
const mode = fc.constantFrom(0o777, 0o666, 0o600, 0o4755);
const offset = fc.constantFrom(0, 1, 100, 4095, 4096, 8000, -1);
const size = fc.constantFrom(0, 1, 10, 4096, 10_000);
const data = fc.record({ seed: fc.nat(50), length: fc.constantFrom(0, 1, 5, 4096, 5000) });
const time = fc.constantFrom('omit' as const, { sec: 5, nsec: 500_000_000 }, { sec: -5, nsec: 0 });
const id = fc.constantFrom(-1, 0, 7);
const flags = fc.constantFrom(
  ...[O_RDONLY, O_WRONLY, O_RDWR, O_RDONLY | O_DIRECTORY, O_RDONLY | O_NOFOLLOW, O_RDWR | O_TRUNC, O_WRONLY | O_APPEND],
  ...[O_RDWR | O_CREAT, O_RDWR | O_CREAT | O_EXCL, O_WRONLY | O_CREAT | O_TRUNC, O_RDWR | O_CREAT | O_APPEND],
);
const op = <const Op extends Call['op']>(name: Op) => fc.constant(name);

/** Calls that node:fs has words for. */
const call: fc.Arbitrary<Call> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ op: op('open'), path, flags, mode, into: fd }) },
  fc.record({ op: op('creat'), path, mode }),
  fc.record({ op: op('close'), fd }),
  fc.record({ op: op('dup'), fd, into: fd }),
  fc.record({ op: op('dup2'), fd, newFd: fd }),
  fc.record({ op: op('read'), fd, size }),
  fc.record({ op: op('pread'), fd, size, offset }),
  fc.record({ op: op('readv'), fd, sizes: fc.array(size, { maxLength: 3 }) }),
  { weight: 3, arbitrary: fc.record({ op: op('write'), fd, data }) },
  fc.record({ op: op('pwrite'), fd, data, offset }),
  fc.record({ op: op('writev'), fd, datas: fc.array(data, { maxLength: 3 }) }),
  fc.record({ op: op('lseek'), fd, offset: fc.constantFrom(0, 1, -3, 100, 5000), whence: fc.nat(2) }),
  fc.record({ op: op('truncate'), path, size: offset }),
  fc.record({ op: op('ftruncate'), fd, size: offset }),
  fc.record({ op: op('fsync'), fd }),
  fc.record({ op: fc.constantFrom('stat' as const, 'lstat' as const, 'readlink' as const), path }),
  fc.record({ op: op('fstat'), fd }),
  fc.record({ op: op('access'), path, mode: fc.nat(7) }),
  fc.record({ op: op('chmod'), path, mode }),
  fc.record({ op: op('fchmod'), fd, mode }),
  fc.record({ op: fc.constantFrom('chown' as const, 'lchown' as const), path, uid: id, gid: id }),
  fc.record({ op: op('utimensat'), path, atime: time, mtime: time, flags: fc.constantFrom(0, 0x100) }),
  fc.record({ op: op('futimens'), fd, atime: time, mtime: time }),
  { weight: 4, arbitrary: fc.record({ op: op('mkdir'), path, mode }) },
  fc.record({ op: fc.constantFrom('rmdir' as const, 'unlink' as const), path }),
  { weight: 3, arbitrary: fc.record({ op: op('rename'), path, newPath: path, flags: fc.constant(0) }) },
  { weight: 2, arbitrary: fc.record({ op: op('link'), path, newPath: path, flags: fc.constantFrom(0, 0x400) }) },
  { weight: 2, arbitrary: fc.record({ op: op('symlink'), target: fc.constantFrom('a', 'd', 's', 'd/a', 'no'), path }) },
  fc.record({ op: op('getdents'), fd, size: fc.constant(4096) }),
  fc.record({ op: op('umask'), mask: fc.constantFrom(0o022, 0) }),
);

/** What both must agree on: not inode numbers, nor the sizes of directories, nor the times of now. */
function comparable(result: SysResult): unknown {
  if (typeof result !== 'object') return result;
  if (result instanceof Uint8Array) return Buffer.from(result).toString('latin1');
  if (Array.isArray(result)) return result.map((entry) => `${entry.name} ${entry.type}`).sort();
  if (!('mtime' in result)) return result;
  const { mode, nlink, uid, gid, mtime } = result;
  return { mode, nlink, uid, gid, size: isDirectory(mode) ? 0 : result.size, mtime: mtime.sec < 1000 ? mtime : 'now' };
}

describe.runIf(wanted)('FsKernel on node:fs', () => {
  let host: HostKernel;
  beforeAll(() => {
    host = hostKernel({ filesystem: 'tmpfs' });
  });
  afterAll(() => host?.close());

  /** The positions of a directory are opaque. */
  const isOpenDirectory = (number: number): boolean => {
    const stat = host.call(1, { op: 'fstat', fd: number });
    return typeof stat === 'object' && 'mode' in stat && isDirectory(stat.mode);
  };

  test('gives what the system calls give', () => {
    const onNodeFs = (directory: string): Kernel => {
      fs.chmodSync(directory, 0o755);
      const now = () => ({ sec: 1_000_000, nsec: 0 });
      const unmasked = <T>(use: () => T): T => {
        const before = process.umask(0);
        try {
          return use();
        } finally {
          process.umask(before);
        }
      };
      return new FsKernel(fs, { clock: { now }, root: directory, wrap: unmasked });
    };
    fc.assert(
      fc.property(fc.array(call, { minLength: 10, maxLength: 40 }), (calls) => {
        const directory = mkdtempSync(join(tmpdir(), 'estale-agreement-'));
        const kernel = onNodeFs(directory);
        try {
          host.reset();
          for (const each of [host, kernel]) each.spawn(1, root);
          for (const made of calls) {
            if (made.op === 'lseek' && isOpenDirectory(made.fd)) continue;
            expect(comparable(kernel.call(1, made) as SysResult)).toEqual(comparable(host.call(1, made)));
          }
        } finally {
          kernel.close();
          rmSync(directory, { recursive: true, force: true });
        }
      }),
      { numRuns: 300 },
    );
  });
});
