import { readdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { nodeEnvironment } from '../../src/env/index.ts';
import { ram } from '../../src/filesystems/ram/index.ts';
import { deferred } from '../../src/fuse/device/index.ts';
import type { FileSystem } from '../../src/vfs/index.ts';
import { describeMounts, fixture, mountTest as test } from '../support/mount.ts';

/** The ram filesystem as an object of this thread, some methods replaced. */
function ramWith(changes: (filesystem: FileSystem) => Partial<FileSystem>): FileSystem {
  const filesystem = ram(nodeEnvironment(), {});
  return Object.assign(filesystem, { mode: 'async' }, changes(filesystem));
}

describeMounts('filesystems that answer from an event loop', () => {
  test('an object of this thread serves more callers than the thread pool has threads', async ({ place, mounting }) => {
    await mounting(ramWith(() => ({})));
    const names = Array.from({ length: 40 }, (_, i) => join(place, `f${i}`));
    await Promise.all(names.map((name) => writeFile(name, name)));
    expect(await Promise.all(names.map((name) => readFile(name, 'utf8')))).toEqual(names);
    expect(await readdir(place)).toHaveLength(40);
  });

  test('replies go out in the order in which they are ready', async ({ place, mounting }) => {
    const waiting = new Map<string, () => void>();
    const arrived = deferred<void>();
    await mounting(
      ramWith(({ lookup }) => ({
        async lookup(parent, name, context) {
          await new Promise<void>((resolve) => {
            waiting.set(name, resolve);
            if (waiting.size === 3) arrived.resolve();
          });
          return lookup.call(this, parent, name, context);
        },
      })),
    );
    const outcome = (name: string) => stat(join(place, name)).catch((error: NodeJS.ErrnoException) => error.code);
    const outcomes = new Map(['a', 'b', 'c'].map((name) => [name, outcome(name)]));
    await arrived.promise;
    // Each caller gets its answer while those that asked before it still wait.
    for (const name of [...waiting.keys()].reverse()) {
      waiting.get(name)?.();
      expect(await outcomes.get(name)).toBe('ENOENT');
    }
  });

  test('an asynchronous filesystem in a worker', async ({ place, mounting }) => {
    await mounting(fixture('slow'));
    await Promise.all(Array.from({ length: 20 }, (_, i) => writeFile(join(place, `f${i}`), 'x')));
    expect(await readdir(place)).toHaveLength(20);
  });
});

describeMounts('a filesystem that throws what is no errno', () => {
  test('the caller gets EIO, and the report has the stack', async ({ place, mounting, reports }) => {
    await mounting(fixture('faulty', { readlink: 'throws' }));
    await symlink('target', join(place, 's'));
    await expect(readlink(join(place, 's'))).rejects.toMatchObject({ code: 'EIO' });
    await vi.waitFor(() => expect(reports.join('\n')).toMatch(/TypeError: the bug in readlink\n +at /), 10_000);
  });
});
