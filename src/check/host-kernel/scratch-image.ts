import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, ftruncateSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HostKernelError } from './worker-process.ts';

/** Runs `use` with the path of a fresh ext4 image of `size` bytes; its name is gone afterwards, its mounts stay. */
export function withExt4Image<T>(size: number, use: (path: string) => T): T {
  const path = join(tmpdir(), `estale-${randomUUID()}.ext4`);
  try {
    const fd = openSync(path, 'wx', 0o600);
    ftruncateSync(fd, size);
    closeSync(fd);
    // Large inodes whatever the size: nanosecond time stamps.
    const { status, stderr, error } = spawnSync('mkfs.ext4', ['-q', '-F', '-m', '0', '-I', '256', path], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new HostKernelError(`mkfs.ext4 (e2fsprogs): ${error?.message ?? stderr.trim()}`);
    return use(path);
  } finally {
    rmSync(path, { force: true });
  }
}
