import { describe, test } from 'vitest';
import { FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE, RENAME_EXCHANGE } from '../../../src/vfs/index.ts';
import { ok, rootContext } from '../../support/direct.ts';
import { expectNoLoss, type Step, sync } from '../../support/journal.ts';

const step = (name: string, run: Step['run']): Step => ({ name, run });
const write = (path: string, content: string): Step => step(`write ${path}`, (fs) => fs.write(path, content));
const append = (path: string, content: string): Step =>
  step(`append ${path}`, (fs) => {
    const file = fs.open(path);
    file.write(content, file.stat().size);
    file.close();
  });
const truncate = (path: string, size: number): Step => step(`truncate ${path}`, (fs) => void fs.set(path, { size }));
const unlink = (path: string): Step => step(`unlink ${path}`, (fs) => fs.unlink(path));
const rename = (from: string, to: string, flags = 0): Step =>
  step(`rename ${from} ${to}`, (fs) => fs.rename(from, to, flags));
const mkdir = (path: string): Step => step(`mkdir ${path}`, (fs) => fs.mkdir(path));
const rmdir = (path: string): Step => step(`rmdir ${path}`, (fs) => fs.rmdir(path));
const letters = (letter: string, length: number): string => letter.repeat(length);

describe('after a power cut at any write', () => {
  test('names are as after some change, with all that was synchronised', () => {
    expectNoLoss([
      mkdir('/d'),
      write('/a', 'first'),
      sync,
      write('/b', 'second'),
      rename('/b', '/a'),
      step('link', (fs) => fs.link('/a', '/d/l')),
      sync,
      mkdir('/e'),
      rename('/d', '/e', RENAME_EXCHANGE),
      step('symlink', (fs) => fs.symlink('/e/l', '/s')),
      unlink('/a'),
      sync,
      rename('/e', '/d/e'),
      unlink('/d/e/l'),
      rmdir('/d/e'),
      sync,
    ]);
  });

  test('sizes and bytes belong together', () => {
    expectNoLoss([
      write('/a', letters('a', 5000)),
      sync,
      truncate('/a', 4500),
      truncate('/a', 9000),
      append('/a', letters('b', 100)),
      truncate('/a', 3),
      append('/a', letters('c', 3)),
      sync,
      step('far', (fs) => {
        const file = fs.open('/a');
        file.write('far', 2 ** 40);
        file.close();
      }),
      truncate('/a', 10),
      sync,
    ]);
  });

  test('preallocated and punched blocks show nothing that was not written', () => {
    const fallocate = (mode: number, offset: number, length: number): Step =>
      step('fallocate', (fs) => {
        const file = fs.open('/a');
        file.fallocate(mode, offset, length);
        file.close();
      });
    expectNoLoss([
      write('/a', letters('a', 12288)),
      sync,
      fallocate(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 4096, 4096),
      write('/b', letters('b', 4096)),
      sync,
      fallocate(0, 12288, 8192),
      fallocate(FALLOC_FL_KEEP_SIZE, 20480, 4096),
      append('/a', 'behind'),
      sync,
    ]);
  });

  test('blocks of a removed directory do not come back over a file that got them', () => {
    const names = Array.from({ length: 3 }, (_, i) => `/d/${letters('n', 200)}${i}`);
    expectNoLoss([
      mkdir('/d'),
      ...names.map((name) => write(name, '')),
      sync,
      ...names.map(unlink),
      rmdir('/d'),
      sync,
      // All the blocks that there are.
      step('fill', (fs) => {
        const file = fs.create('/full');
        for (let at = 0, room = true; room; at += 4096) {
          try {
            file.write(letters('x', 4096), at);
          } catch {
            room = false;
          }
        }
        file.close();
      }),
      sync,
    ]);
  });

  test('the log is a ring', () => {
    const steps: Step[] = [];
    for (let i = 0; i < 16; i++) steps.push(write(`/${i}`, ''), sync);
    expectNoLoss(steps);
  });

  test('a transaction that nobody synchronises ends when it is large', () => {
    const steps: Step[] = [];
    for (let i = 0; i < 30; i++) steps.push(mkdir(`/d${i}`));
    expectNoLoss(steps);
  });

  test('what is open without a name goes, and its blocks are free', () => {
    expectNoLoss([
      step('open', (fs) => void fs.create('/a').write(letters('a', 10_000))),
      step('tmpfile', (fs) => void fs.tmpfile('/').write(letters('b', 10_000))),
      sync,
      unlink('/a'),
      step('open', (fs) => void fs.create('/b')),
      unlink('/b'),
      sync,
      write('/c', letters('c', 20_000)),
      sync,
    ]);
  });

  test('extended attributes are all there or as before', () => {
    const set = (name: string, length: number): Step =>
      step(`set ${name}`, (fs) =>
        fs.at('/a', (node) => ok(fs.fs.setxattr!(node, name, Buffer.from(letters('v', length)), 0, rootContext))),
      );
    expectNoLoss([
      write('/a', 'a'),
      set('user.a', 10),
      sync,
      set('user.b', 9000),
      set('user.a', 20),
      sync,
      step('remove', (fs) => fs.at('/a', (node) => ok(fs.fs.removexattr!(node, 'user.b', rootContext)))),
      sync,
    ]);
  });
});
