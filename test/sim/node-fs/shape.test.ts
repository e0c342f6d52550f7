import host from 'node:fs';
import { getSystemErrorName } from 'node:util';
import type { Options } from 'fast-glob';
import type { CallbackFsClient, PromiseFsClient } from 'isomorphic-git';
import { expect, test } from 'vitest';
import type { FileSystemFactory } from '../../../src/env/index.ts';
import { ram } from '../../../src/filesystems/index.ts';
import { simulate, simulatedFs } from '../../../src/sim/index.ts';
import { errno, type FileSystem } from '../../../src/vfs/index.ts';

const fs = simulatedFs(simulate(ram));

test('it is accepted where node:fs and the fs of a library are', () => {
  const accepted: [
    typeof import('node:fs'),
    typeof import('node:fs/promises'),
    Options['fs'],
    PromiseFsClient,
    CallbackFsClient,
  ] = [fs, fs.promises, fs, fs, fs];
  expect(accepted).toHaveLength(5);
});

test('every member of node:fs is there, with the same type', () => {
  const types = (of: object) => Object.fromEntries(Object.entries(of).map(([name, value]) => [name, typeof value]));
  // One is Node's own business; the others came after Node 20.
  const left = ['_toUnixTimestamp', 'glob', 'globSync', 'mkdtempDisposable', 'mkdtempDisposableSync', 'Utf8Stream'];
  const members = (of: object) => Object.entries(types(of)).filter(([name]) => !left.includes(name));
  expect(types(fs)).toMatchObject(Object.fromEntries(members(host)));
  expect(types(fs.promises)).toMatchObject(Object.fromEntries(members(host.promises)));
  expect(typeof fs.realpath.native).toBe('function');
  expect(typeof fs.realpathSync.native).toBe('function');
});

test('constants are those of Linux', () => {
  expect(fs.constants).toBe(host.constants);
  expect(fs.promises.constants).toBe(host.constants);
  expect(fs).toMatchObject({ F_OK: 0, R_OK: 4, W_OK: 2, X_OK: 1 });
});

test('functions work apart from the object', async () => {
  const { mkdirSync, existsSync } = fs;
  const { readdir } = fs.promises;
  mkdirSync('/apart');
  expect(existsSync('/apart')).toBe(true);
  expect(await readdir('/apart')).toEqual([]);
});

test('what it gives is of the classes of node:fs, and of its own', () => {
  fs.writeFileSync('/f', '');
  const [dirent] = fs.readdirSync('/', { withFileTypes: true });
  expect(fs.statSync('/f')).toBeInstanceOf(host.Stats);
  expect(fs.statSync('/f')).toBeInstanceOf(fs.Stats);
  expect(dirent).toBeInstanceOf(host.Dirent);
  expect(dirent).toBeInstanceOf(fs.Dirent);
  const stream = fs.createReadStream('/f');
  expect(stream).toBeInstanceOf(host.ReadStream);
  expect(stream).toBeInstanceOf(fs.ReadStream);
  stream.destroy();
});

test('there is nothing to watch, and the error says what to do', () => {
  for (const watch of [() => fs.watch('/'), () => fs.watchFile('/', () => {}), () => fs.promises.watch('/')])
    expect(watch).toThrow(expect.objectContaining({ code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM' }));
  fs.unwatchFile('/');
});

test('several of them are several processes of one kernel', () => {
  const kernel = simulate(ram);
  const one = simulatedFs(kernel);
  const other = simulatedFs(kernel, { credentials: { uid: 1000, gid: 1000, groups: [] }, umask: 0o077 });
  one.mkdirSync('/private', { mode: 0o700 });
  one.mkdirSync('/shared');
  one.chmodSync('/shared', 0o777);
  expect(() => other.readdirSync('/private')).toThrow("EACCES: permission denied, scandir '/private'");
  other.writeFileSync('/shared/f', 'x');
  expect(one.statSync('/shared/f')).toMatchObject({ uid: 1000, gid: 1000, mode: 0o100600 });
  const fd = one.openSync('/shared/f', 'r');
  expect(() => other.fstatSync(fd)).toThrow('EBADF: bad file descriptor, fstat');
  // A process that runs is taken as it is.
  expect(simulatedFs(kernel, { pid: 1 }).fstatSync(fd).size).toBe(1);
  expect(() => simulatedFs(kernel, { pid: 1, umask: 0 })).toThrow('expected no umask for process 1');
  expect(() => simulatedFs(kernel, { threads: 0 })).toThrow('expected a whole number from 1 on as threads, given 0');
});

test('times are those of the simulated clock, which may start at any', () => {
  const start = Date.UTC(2001, 8, 9, 1, 46, 40);
  const kernel = simulate(ram, { startTime: start });
  const dated = simulatedFs(kernel);
  dated.writeFileSync('/f', '');
  const { mtimeMs } = dated.statSync('/f');
  expect(mtimeMs).toBeGreaterThanOrEqual(start);
  expect(mtimeMs).toBeLessThan(start + 1000);
  expect(() => simulate(ram, { startTime: -1 })).toThrow('start of virtual time: expected milliseconds since 1970');
});

test('directories made for a while have names that the seed decides', () => {
  const name = (seed: number) => simulatedFs(simulate(ram, { seed })).mkdtempSync('/t-');
  expect(name(1)).toMatch(/^\/t-[A-Za-z0-9]{6}$/);
  expect(name(1)).toBe(name(1));
  expect(name(1)).not.toBe(name(2));
});

test('an error that libuv does not know is called so, as on a real mount', () => {
  const factory: FileSystemFactory = (environment, options) =>
    new Proxy(ram(environment, options), {
      get: (target, key: keyof FileSystem) => {
        if (key === 'mkdir') return () => errno.EUCLEAN;
        const value = target[key];
        return typeof value === 'function' ? (value as (...all: never[]) => unknown).bind(target) : value;
      },
    });
  const message = "Unknown system error -117: Unknown system error -117, mkdir '/a'";
  expect(() => simulatedFs(simulate(factory)).mkdirSync('/a')).toThrow(
    expect.objectContaining({ message, code: getSystemErrorName(-117), errno: -117 }),
  );
});
