import { type EventEmitter, once } from 'node:events';
import type host from 'node:fs';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SimulatedFs } from '../../../src/sim/index.ts';
import { able, onHost, type Place, simulated } from './oracle.ts';

describe.each([...(able ? [['node:fs', onHost] as const] : []), ['simulatedFs', simulated] as const])(
  '%s',
  (_, make) => {
    let place: Place;
    let fs: SimulatedFs;
    let at: (name: string) => string;
    beforeEach(() => {
      place = make();
      fs = place.fs;
      at = (name) => `${place.directory}/${name}`;
      fs.writeFileSync(at('f'), 'hello\nworld\n');
    });
    afterEach(() => place.close());

    describe('file handles', () => {
      test('read and write', async () => {
        const handle = await fs.promises.open(at('g'), 'w+');
        const data = Buffer.from('abcdef');
        expect(await handle.write(data, 1, 4)).toEqual({ bytesWritten: 4, buffer: data });
        expect(await handle.write('XY', 1)).toEqual({ bytesWritten: 2, buffer: 'XY' });
        expect(await handle.writev([Buffer.from('1'), Buffer.from('2')])).toMatchObject({ bytesWritten: 2 });
        expect((await handle.read({ position: 0 })).bytesRead).toBe(6);
        const buffers = [Buffer.alloc(2), Buffer.alloc(9)];
        expect(await handle.readv(buffers, 0)).toEqual({ bytesRead: 6, buffers });
        expect(Buffer.concat(buffers).toString('latin1', 0, 6)).toBe('bXYe12');
        await handle.truncate(2);
        await handle.appendFile('!');
        await handle.sync();
        await handle.datasync();
        await handle.chmod(0o600);
        await handle.chown(1, 2);
        await handle.utimes(1, new Date(2500));
        expect(await handle.stat()).toMatchObject({ mode: 0o100600, uid: 1, gid: 2, atimeMs: 1000, mtimeMs: 2500 });
        expect(await handle.stat({ bigint: true })).toMatchObject({ mtimeNs: 2_500_000_000n });
        await handle.close();
        expect(await fs.promises.readFile(at('g'), 'hex')).toBe(Buffer.from('bX\0\0\0\0!').toString('hex'));
      });

      test('serve in place of paths', async () => {
        const handle = await fs.promises.open(at('f'), 'r+');
        expect(await fs.promises.readFile(handle, 'utf8')).toBe('hello\nworld\n');
        await fs.promises.writeFile(handle, 'more');
        await fs.promises.appendFile(handle, '!');
        await handle.close();
        expect(fs.readFileSync(at('f'), 'utf8')).toBe('hello\nworld\nmore!');
      });

      test('are closed once, say so, and are then no more', async () => {
        const handle = await fs.promises.open(at('f'));
        const closed = once(handle as unknown as EventEmitter, 'close');
        const reading = handle.readFile('utf8');
        await Promise.all([handle.close(), handle.close()]);
        await closed;
        expect(await reading).toBe('hello\nworld\n');
        expect(handle.fd).toBe(-1);
        await handle.close();
        const error = await handle.stat().catch((thrown) => thrown);
        expect({ ...error, message: error.message }).toEqual({
          code: 'EBADF',
          syscall: 'fstat',
          message: 'file closed',
        });
      });

      test('give lines, streams and web streams', async () => {
        const lines: string[] = [];
        for await (const line of (await fs.promises.open(at('f'))).readLines()) lines.push(line);
        expect(lines).toEqual(['hello', 'world']);
        const handle = await fs.promises.open(at('f'), 'r+');
        expect(await text(handle.createReadStream({ autoClose: false, start: 6, end: 8 }))).toBe('wor');
        await pipeline(Readable.from(['J', 'u']), handle.createWriteStream({ start: 0 }));
        expect(handle.fd).toBe(-1);
        const web = await fs.promises.open(at('f'));
        expect(await text(web.readableWebStream({ type: 'bytes' }) as never)).toBe('Jullo\nworld\n');
        await web.close();
      });

      test('are disposed of', async () => {
        const handle = await fs.promises.open(at('f'));
        await handle[Symbol.asyncDispose]();
        expect(handle.fd).toBe(-1);
      });
    });

    describe('streams', () => {
      test('read a part, with its events', async () => {
        const stream = fs.createReadStream(at('f'), { encoding: 'utf8', start: 2, end: 7, highWaterMark: 3 });
        const events: string[] = [];
        for (const name of ['open', 'ready', 'end', 'close']) stream.on(name, () => events.push(name));
        const chunks: string[] = [];
        stream.on('data', (chunk) => chunks.push(String(chunk)));
        await once(stream, 'close');
        expect(chunks).toEqual(['llo', '\nwo']);
        expect(events).toEqual(['open', 'ready', 'end', 'close']);
        expect(stream.bytesRead).toBe(6);
        expect(stream.path).toBe(at('f'));
      });

      test('write, append and go through a pipeline', async () => {
        await pipeline(fs.createReadStream(at('f')), fs.createWriteStream(at('g')));
        const stream = fs.createWriteStream(at('g'), { flags: 'a' });
        stream.cork();
        stream.write('a');
        stream.write('b');
        stream.uncork();
        stream.end('c');
        await once(stream, 'close');
        expect(stream.bytesWritten).toBe(3);
        expect(fs.readFileSync(at('g'), 'utf8')).toBe('hello\nworld\nabc');
      });

      test('say that there is no such file', async () => {
        const [error] = await once(fs.createReadStream(at('nope')), 'error');
        expect(error).toMatchObject({ code: 'ENOENT', syscall: 'open', path: at('nope') });
        const [other] = await once(fs.createWriteStream(at('nope/x')), 'error');
        expect(other).toMatchObject({ code: 'ENOENT', syscall: 'open', path: at('nope/x') });
      });
    });

    describe('directories', () => {
      const inside = async (options?: host.OpenDirOptions) => {
        const names: string[] = [];
        for await (const { name, parentPath } of await fs.promises.opendir(at('d'), options))
          names.push(`${parentPath.slice(place.directory.length)}/${name}`);
        return names.sort();
      };

      beforeEach(() => {
        fs.mkdirSync(at('d/e/g'), { recursive: true });
        fs.writeFileSync(at('d/e/f'), '');
        for (let i = 0; i < 40; i++) fs.writeFileSync(at(`d/${i}`), '');
      });

      test('are iterated', async () => {
        expect(await inside()).toHaveLength(41);
        expect((await inside({ recursive: true })).slice(-3)).toEqual(['/d/e', '/d/e/f', '/d/e/g'].sort());
      });

      test('are read entry by entry, in one form after the other', async () => {
        const dir = fs.opendirSync(at('d'));
        const read = promisify((callback: (error: unknown, dirent?: host.Dirent | null) => void) => dir.read(callback));
        const seen = [dir.readSync(), await dir.read(), await read()].map((dirent) => dirent?.name);
        for (let dirent = dir.readSync(); dirent !== null; dirent = dir.readSync()) seen.push(dirent.name);
        expect(new Set(seen).size).toBe(41);
        const pending = dir.read();
        expect(() => dir.readSync()).toThrow(expect.objectContaining({ code: 'ERR_DIR_CONCURRENT_OPERATION' }));
        expect(await pending).toBe(null);
        dir.closeSync();
        expect(() => dir.readSync()).toThrow(expect.objectContaining({ code: 'ERR_DIR_CLOSED' }));
      });

      test('with more below are listed whole', async () => {
        const all = fs.readdirSync(at('d'), { recursive: true, encoding: 'utf8' });
        expect(all).toContain('e/f');
        expect((await fs.promises.readdir(at('d'), { recursive: true })).sort()).toEqual(all.sort());
        const typed = fs.readdirSync(at('d'), { recursive: true, withFileTypes: true });
        expect(typed.find(({ name }) => name === 'g')).toMatchObject({ parentPath: at('d/e') });
      });
    });

    test('what is written may come bit by bit', async () => {
      async function* later() {
        yield 'a';
        yield Buffer.from('b');
      }
      await fs.promises.writeFile(at('g'), later());
      await fs.promises.appendFile(at('g'), ['c', 'd'] as never);
      await fs.promises.appendFile(at('g'), Readable.from(['e']) as never);
      expect(fs.readFileSync(at('g'), 'utf8')).toBe('abcde');
    });

    test('a signal ends it', async () => {
      const signal = AbortSignal.abort();
      await expect(fs.promises.readFile(at('f'), { signal })).rejects.toMatchObject({
        name: 'AbortError',
        code: 'ABORT_ERR',
      });
      await expect(fs.promises.writeFile(at('f'), 'x', { signal })).rejects.toMatchObject({ name: 'AbortError' });
      expect(fs.readFileSync(at('f'), 'utf8')).toBe('hello\nworld\n');
    });

    test('times are set to the microsecond', () => {
      fs.symlinkSync('f', at('l'));
      fs.utimesSync(at('f'), 1.25, '12');
      fs.lutimesSync(at('l'), new Date(1234), 1234567890.123457);
      const times = (stat: host.BigIntStats) => [stat.atimeNs, stat.mtimeNs, stat.mtime.getTime()];
      expect(times(fs.statSync(at('f'), { bigint: true }))).toEqual([1_250_000_000n, 12_000_000_000n, 12_000]);
      expect(times(fs.lstatSync(at('l'), { bigint: true }))).toEqual([
        1_234_000_000n,
        1_234_567_890_123_456_000n,
        1_234_567_890_123,
      ]);
    });

    test('copies may be filtered', async () => {
      fs.mkdirSync(at('d/e'), { recursive: true });
      fs.writeFileSync(at('d/e/x'), '');
      fs.writeFileSync(at('d/y'), '');
      fs.cpSync(at('d'), at('sync'), { recursive: true, filter: (source) => !source.endsWith('/y') });
      expect(fs.readdirSync(at('sync'), { recursive: true })).toEqual(['e', 'e/x']);
      await fs.promises.cp(at('d'), at('later'), { recursive: true, filter: async (source) => !source.endsWith('/e') });
      expect(fs.readdirSync(at('later'), { recursive: true })).toEqual(['y']);
    });

    test('promisified functions give what was moved', async () => {
      const fd = fs.openSync(at('f'), 'r+');
      const buffer = Buffer.alloc(5);
      expect(await promisify(fs.read)(fd, buffer, 0, 5, 0)).toEqual({ bytesRead: 5, buffer });
      expect(await promisify(fs.write)(fd, buffer, 0, 5, 0)).toEqual({ bytesWritten: 5, buffer });
      expect(await promisify(fs.readv)(fd, [buffer], 0)).toEqual({ bytesRead: 5, buffers: [buffer] });
      expect(await promisify(fs.writev)(fd, [buffer], 0)).toEqual({ bytesWritten: 5, buffer: [buffer] });
      expect(await promisify(fs.exists)(at('f'))).toBe(true);
      fs.closeSync(fd);
    });

    test('a file is a blob', async () => {
      const blob = await fs.openAsBlob(at('f'), { type: 'text/plain' });
      expect([blob.size, blob.type, await blob.text()]).toEqual([12, 'text/plain', 'hello\nworld\n']);
    });
  },
);
