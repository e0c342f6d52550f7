import { spawn } from 'node:child_process';
import { readdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { nodeEnvironment } from '../../src/env/index.ts';
import { ram } from '../../src/filesystems/ram/index.ts';
import { deferred } from '../../src/fuse/device/index.ts';
import { type Context, errno, type FileSystem, type Notifier, ROOT_NODE } from '../../src/vfs/index.ts';
import { describeMounts, fixture, mountTest as test } from '../support/mount.ts';

const nobody: Context = { uid: 0, gid: 0, pid: 0, umask: 0, signal: new AbortController().signal };

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

  test('a caller that is interrupted gets its answer at once', async ({ place, mounting }) => {
    const arrived = deferred<void>();
    const interrupted = deferred<void>();
    const mounted = await mounting(
      ramWith(() => ({
        async lookup(_parent, _name, { signal }) {
          arrived.resolve();
          await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
          interrupted.resolve();
          return errno.EINTR;
        },
      })),
    );
    const caller = spawn('stat', [join(place, 'x')], { stdio: 'ignore' });
    const ended = new Promise((resolve) => caller.once('close', (code, signal) => resolve(signal ?? code)));
    await arrived.promise;
    caller.kill('SIGINT');
    await interrupted.promise;
    expect(await ended).toBe('SIGINT');
    expect(mounted.statistics().refused).toBe(0);
  });

  test('the kernel drops what the filesystem says is out of date', async ({ place, mounting }) => {
    let notifier: Notifier | undefined;
    const filesystem = ramWith(() => ({
      init: (_negotiated, given) => {
        notifier = given;
      },
    }));
    await mounting(filesystem, { entryTimeout: 1000, attributeTimeout: 1000, negativeTimeout: 1000 });
    const file = join(place, 'f');
    const sizeOf = async () => (await stat(file)).size;
    await writeFile(file, 'four');
    const { ino } = await stat(file);
    await filesystem.setattr?.(ino, { size: 9 }, undefined, nobody);
    expect(await sizeOf()).toBe(4);
    notifier?.invalInode(ino, 0, 0);
    expect(await sizeOf()).toBe(9);
    await filesystem.unlink?.(ROOT_NODE, 'f', nobody);
    expect(await sizeOf()).toBe(9);
    notifier?.invalEntry(ROOT_NODE, 'f');
    await expect(stat(file)).rejects.toMatchObject({ code: 'ENOENT' });
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
