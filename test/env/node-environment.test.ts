import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { asSuperuser, type Connection, nodeEnvironment } from '../../src/env/index.ts';
import { compareTimes } from '../../src/vfs/index.ts';

const environment = nodeEnvironment();

describe('the clock', () => {
  test('tells the time of day, forwards only', () => {
    const { clock } = environment;
    let last = clock.now();
    expect(Math.abs(last.sec * 1000 - Date.now())).toBeLessThan(60_000);
    for (let i = 0; i < 1000; i++) {
      const now = clock.now();
      expect(compareTimes(now, last)).toBeGreaterThanOrEqual(0);
      expect(Number.isInteger(now.nsec) && now.nsec >= 0 && now.nsec < 1e9).toBe(true);
      last = now;
    }
  });

  test('has a monotonic side', () => {
    const first = environment.clock.monotonic();
    expect(environment.clock.monotonic()).toBeGreaterThanOrEqual(first);
  });
});

test('random numbers are 32-bit and differ', () => {
  const drawn = Array.from({ length: 1000 }, () => environment.random.uint32());
  expect(drawn.every((number) => Number.isInteger(number) && number >= 0 && number < 2 ** 32)).toBe(true);
  expect(new Set(drawn).size).toBeGreaterThan(990);
});

test('a timer fires once, unless it is cancelled', async () => {
  const fired: string[] = [];
  environment.timers.after(1, () => fired.push('cancelled'))();
  await new Promise<void>((resolve) => {
    // Nothing else keeps the process alive here but the test runner.
    environment.timers.after(5, () => {
      fired.push('fired');
      resolve();
    });
  });
  expect(fired).toEqual(['fired']);
});

describe('the network', () => {
  test('carries data both ways and closes', async () => {
    const { network } = environment;
    const listener = await network.listen('127.0.0.1', 0, (connection) => {
      connection.onData((data) => connection.write(data));
    });
    const connection = await network.connect('127.0.0.1', listener.port);
    expect(connection.remotePort).toBe(listener.port);
    const echoed = new Promise<string>((resolve) => {
      let text = '';
      connection.onData((data) => {
        text += Buffer.from(data);
        if (text === 'hello') resolve(text);
      });
    });
    const closed = new Promise<Error | undefined>((resolve) => connection.onClose(resolve));
    connection.write(Buffer.from('hello'));
    expect(await echoed).toBe('hello');
    connection.end();
    expect(await closed).toBeUndefined();
    listener.close();
  });

  test('reports a refused connection and a port in use', async () => {
    const { network } = environment;
    const listener = await network.listen('127.0.0.1', 0, (connection) => connection.destroy());
    await expect(network.listen('127.0.0.1', listener.port, () => {})).rejects.toMatchObject({ code: 'EADDRINUSE' });
    listener.close();
    await expect(network.connect('127.0.0.1', listener.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('tells late about a close that was before', async () => {
    const { network } = environment;
    let far: Connection | undefined;
    const listener = await network.listen('127.0.0.1', 0, (connection) => {
      far = connection;
    });
    const near = await network.connect('127.0.0.1', listener.port);
    await new Promise<void>((resolve) => {
      near.onClose(() => resolve());
      near.destroy();
    });
    await new Promise<void>((resolve) => near.onClose(() => resolve()));
    far?.destroy();
    listener.close();
  });
});

describe('disks', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'disks-'));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  test('are files that keep what is written', () => {
    const disk = nodeEnvironment({ disks: directory }).disk('a', 10_000);
    expect(disk.sectors * disk.sectorSize).toBe(10_240);
    disk.write(3, new Uint8Array(1024).fill(7));
    disk.flush();
    const again = nodeEnvironment({ disks: directory }).disk('a', 1);
    expect(again.sectors).toBe(disk.sectors);
    const into = new Uint8Array(2048);
    again.read(2, into);
    expect(into).toEqual(new Uint8Array(2048).fill(7, 512, 1536));
    expect(statSync(join(directory, 'a')).size).toBe(10_240);
    expect(readFileSync(join(directory, 'a'))[3 * 512]).toBe(7);
  });

  test('refuse what is not whole sectors inside', () => {
    const disk = nodeEnvironment({ disks: directory }).disk('a', 1024);
    expect(() => disk.read(2, new Uint8Array(512))).toThrow(/0 to 1/);
    expect(() => disk.write(0, new Uint8Array(100))).toThrow(/whole sectors/);
    expect(() => disk.write(-1, new Uint8Array(512))).toThrow(RangeError);
  });

  test('need a directory and a plain name', () => {
    expect(() => environment.disk('a', 512)).toThrow(/'disks'/);
    expect(() => nodeEnvironment({ disks: directory }).disk('../a', 512)).toThrow(/\.\.\/a/);
  });
});

test('an object of the superuser hears that it is root, and nobody else does', () => {
  if (process.getuid === undefined) return;
  const { getuid } = process;
  try {
    process.getuid = () => 1000;
    const object = asSuperuser({ id: () => process.getuid?.(), name: 'x' });
    expect([object.id(), object.name, process.getuid()]).toEqual([0, 'x', 1000]);
  } finally {
    process.getuid = getuid;
  }
});
