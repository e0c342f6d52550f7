import { describe, expect, test } from 'vitest';
import type { FileSystemFactory } from '../../../src/env/index.ts';
import { ram } from '../../../src/filesystems/index.ts';
import { opcodes } from '../../../src/fuse/protocol/index.ts';
import {
  type LinkHook,
  type SimKernel,
  type SimulatedFs,
  type SimulateOptions,
  simulate,
  simulatedFs,
} from '../../../src/sim/index.ts';
import type { FileSystem } from '../../../src/vfs/index.ts';
import { deferredRam } from '../kernel/deferred-ram.ts';

/** Four writers into one file, each line by line, and what is there in the end. */
async function race(fs: SimulatedFs): Promise<string> {
  await Promise.all(
    ['a', 'b', 'c', 'd'].map(async (name) => {
      for (let i = 0; i < 5; i++) await fs.promises.appendFile('/log', `${name}${i} `);
    }),
  );
  return await fs.promises.readFile('/log', 'utf8');
}

async function raced(options: SimulateOptions, factory?: FileSystemFactory): Promise<[log: string, hash: string]> {
  const kernel = simulate(factory ?? ram, options);
  const log = await race(simulatedFs(kernel));
  const { traceHash } = kernel;
  await kernel.close();
  return [log, traceHash];
}

describe.each([
  ['at once', undefined],
  ['with promises', deferredRam(2)],
  ['after some time', deferredRam(1, (method) => method.length)],
])('operations side by side on a filesystem that answers %s', (_, factory) => {
  test('run in an order that the seed decides', async () => {
    const orders = new Set<string>();
    for (let seed = 0; seed < 8; seed++) {
      const once = await raced({ seed, order: 'random' }, factory);
      expect(await raced({ seed, order: 'random' }, factory)).toEqual(once);
      expect(once[0].split(' ').sort()).toEqual(
        [...'abcd']
          .flatMap((name) => [0, 1, 2, 3, 4].map((i) => name + i))
          .concat('')
          .sort(),
      );
      orders.add(once[0]);
    }
    expect(orders.size).toBeGreaterThan(1);
  });
});

/** A filesystem in which a lost update can be seen: two that read, add one, and write. */
async function lostUpdates(kernel: SimKernel): Promise<string> {
  const { promises: fs } = simulatedFs(kernel);
  await fs.writeFile('/n', '0');
  const increment = async () => fs.writeFile('/n', String(Number(await fs.readFile('/n', 'utf8')) + 1));
  await Promise.all([increment(), increment()]);
  return await fs.readFile('/n', 'utf8');
}

test('a race in a program shows', async () => {
  const results = new Set<string>();
  for (let seed = 0; seed < 20; seed++) results.add(await lostUpdates(simulate(ram, { seed, order: 'random' })));
  expect(results).toContain('1');
});

test('no more calls are under way than there are threads', async () => {
  let most = 0;
  let now = 0;
  const observe = (fromKernel: boolean) => {
    now += fromKernel ? 1 : -1;
    most = Math.max(most, now);
  };
  const kernel = simulate(
    deferredRam(1, () => 5),
    { observe, order: 'fifo' },
  );
  const { promises: fs } = simulatedFs(kernel, { threads: 3 });
  await Promise.all(Array.from({ length: 10 }, (_, i) => fs.mkdir(`/${i}`)));
  expect(await fs.readdir('/')).toHaveLength(10);
  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThanOrEqual(3);
});

test('a descriptor that one operation opened is good for all', async () => {
  const fs = simulatedFs(simulate(ram));
  const fd = fs.openSync('/f', 'w+');
  const handle = await fs.promises.open('/f', 'r');
  await Promise.all([0, 1, 2, 3, 4, 5].map((i) => new Promise((done) => fs.write(fd, `${i}`, i, 'utf8', done))));
  expect((await handle.read(Buffer.alloc(9), 0, 9, 0)).buffer.toString('latin1', 0, 6)).toBe('012345');
  expect(handle.fd).not.toBe(fd);
  expect(fs.fstatSync(handle.fd).ino).toBe(fs.fstatSync(fd).ino);
  await handle.close();
});

test('a callback comes later, and what it throws is no concern of the others', async () => {
  const fs = simulatedFs(simulate(ram));
  const seen: string[] = [];
  const caught = new Promise((resolve) => process.prependOnceListener('uncaughtException', resolve));
  const listeners = process.rawListeners('uncaughtException').slice(1);
  for (const listener of listeners) process.off('uncaughtException', listener as never);
  try {
    fs.mkdir('/a', () => {
      seen.push('callback');
      throw new Error('of the callback');
    });
    const other = fs.promises.mkdir('/b');
    seen.push('after');
    expect(await caught).toMatchObject({ message: 'of the callback' });
    await other;
  } finally {
    for (const listener of listeners) process.on('uncaughtException', listener as never);
  }
  expect(seen).toEqual(['after', 'callback']);
});

test('synchronous and other forms go together', async () => {
  const fs = simulatedFs(simulate(ram));
  const made = fs.promises.mkdir('/a');
  fs.mkdirSync('/b');
  await made;
  expect(fs.readdirSync('/')).toEqual(['a', 'b']);
});

describe('a filesystem that answers with promises', () => {
  test('has no synchronous forms, and a call of one does nothing', async () => {
    const fs = simulatedFs(simulate(deferredRam(1)));
    expect(() => fs.mkdirSync('/a')).toThrow(
      'mkdirSync: the filesystem answers with promises: expected the callback or',
    );
    expect(() => fs.existsSync('/a')).toThrow(expect.objectContaining({ code: 'ERR_ESTALE_SYNC' }));
    expect(() => fs.mkdirSync(5 as never)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }));
    expect(await fs.promises.readdir('/')).toEqual([]);
  });

  test('and never does: the call fails and says what it waits for, later ones go on', async () => {
    const factory: FileSystemFactory = (environment, options) =>
      new Proxy(deferredRam(1)(environment, options), {
        get: (target, key: keyof FileSystem) => (key === 'mkdir' ? () => new Promise(() => {}) : target[key]),
      });
    const { promises: fs } = simulatedFs(simulate(factory));
    await expect(fs.mkdir('/a')).rejects.toThrow(/the filesystem's answer waits for something outside/);
    await expect(fs.stat('/')).resolves.toBeDefined();
  });
});

test('a request that is lost fails the call, in either form, and later ones go on', async () => {
  const link: LinkHook = {
    armed: true,
    request: (message, length, deliver) => {
      if (message.words[1] !== opcodes.MKDIR.code) deliver(message, length);
    },
    reply: (message, length, deliver) => deliver(message, length),
  };
  const fs = simulatedFs(simulate(ram, { link }));
  fs.writeFileSync('/f', 'x');
  expect(() => fs.mkdirSync('/a')).toThrow("the filesystem's answer waits for something outside of the simulation");
  expect(fs.readFileSync('/f', 'utf8')).toBe('x');
  await expect(fs.promises.mkdir('/b')).rejects.toThrow("the filesystem's answer waits for something outside");
  await expect(fs.promises.readFile('/f', 'utf8')).resolves.toBe('x');
});

test('when the kernel is closed, calls say so', async () => {
  const kernel = simulate(ram);
  const fs = simulatedFs(kernel);
  await fs.promises.mkdir('/a');
  await kernel.close();
  expect(() => fs.mkdirSync('/b')).toThrow('ESRCH: the process of this fs has ended');
  await expect(fs.promises.mkdir('/b')).rejects.toMatchObject({ code: 'ESRCH', syscall: 'mkdir', path: '/b' });
});
