import fc from 'fast-check';
import { FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE, RENAME_EXCHANGE } from '../../src/vfs/index.ts';
import { codeOf, ok, rootContext } from './direct.ts';
import type { Step } from './journal.ts';

const step = (name: string, run: Step['run']): Step => ({ name, run });
const letters = (letter: string, length: number): string => letter.repeat(length);

const write = (path: string, content: string): Step => step(`write ${path}`, (fs) => fs.write(path, content));
const overwrite = (path: string, content: string, offset: number): Step =>
  step(`overwrite ${path}`, (fs) => {
    const file = fs.open(path);
    file.write(content, offset);
    file.close();
  });
const append = (path: string, content: string): Step =>
  step(`append ${path}`, (fs) => {
    const file = fs.open(path);
    file.write(content, file.stat().size);
    file.close();
  });
const truncate = (path: string, size: number): Step => step(`truncate ${path}`, (fs) => void fs.set(path, { size }));
const fallocate = (path: string, mode: number, offset: number, length: number): Step =>
  step(`fallocate ${path}`, (fs) => {
    const file = fs.open(path);
    file.fallocate(mode, offset, length);
    file.close();
  });
const unlink = (path: string): Step => step(`unlink ${path}`, (fs) => fs.unlink(path));
const rename = (from: string, to: string, flags = 0): Step =>
  step(`rename ${from} ${to}`, (fs) => fs.rename(from, to, flags));
const mkdir = (path: string): Step => step(`mkdir ${path}`, (fs) => fs.mkdir(path));
const rmdir = (path: string): Step => step(`rmdir ${path}`, (fs) => fs.rmdir(path));
const setXattr = (path: string, name: string, length: number): Step =>
  step(`set ${name}`, (fs) =>
    fs.at(path, (node) => ok(fs.fs.setxattr!(node, name, Buffer.from(letters('v', length)), 0, rootContext))),
  );
const removeXattr = (path: string, name: string): Step =>
  step(`remove ${name}`, (fs) => fs.at(path, (node) => ok(fs.fs.removexattr!(node, name, rootContext))));

const fsync = (path: string): Step => ({
  name: `fsync ${path}`,
  sync: true,
  run: (fs) =>
    fs.at(path, (node) => {
      const { fh } = ok(fs.fs.open!(node, 0, rootContext));
      ok(fs.fs.fsync!(node, fh, false, rootContext));
      ok(fs.fs.release!(node, fh, 0, rootContext, undefined));
    }),
});
const fsyncdir: Step = {
  name: 'fsyncdir',
  sync: true,
  run: (fs) => {
    const directory = fs.opendir('');
    directory.fsync();
    directory.close();
  },
};
const syncfs: Step = { name: 'syncfs', sync: true, run: (fs) => ok(fs.fs.syncfs!(1, rootContext)) };

const fill = (path: string): Step =>
  step(`fill the disk with ${path}`, (fs) => {
    const file = fs.create(path);
    for (let at = 0, room = true; room; at += 4096) {
      try {
        file.write(letters('x', 4096), at);
      } catch {
        room = false;
      }
    }
    file.close();
  });

/** Leaves no more than a few blocks free. */
const crowd = step('take all but a few blocks', (fs) => {
  const file = fs.create('/space');
  file.fallocate(FALLOC_FL_KEEP_SIZE, 0, (ok(fs.fs.statfs!(1, rootContext)).bfree - 10) * 4096);
  file.close();
});

const longNames = Array.from({ length: 3 }, (_, i) => `/d/${letters('n', 200)}${i}`);

/** Programs for the journal filesystem in which every write to the disk matters, by what they are about. */
export const programs: Readonly<Record<string, readonly Step[]>> = {
  'names are as after some change, with all that was synchronised': [
    mkdir('/d'),
    write('/a', 'first'),
    fsyncdir,
    write('/b', 'second'),
    rename('/b', '/a'),
    step('link', (fs) => fs.link('/a', '/d/l')),
    fsync('/a'),
    rename('/d/l', '/l'),
    fsyncdir,
    mkdir('/e'),
    rename('/d', '/e', RENAME_EXCHANGE),
    step('symlink', (fs) => fs.symlink('/e/l', '/s')),
    unlink('/a'),
    syncfs,
    rename('/e', '/d/e'),
    unlink('/l'),
    rmdir('/d/e'),
    fsyncdir,
  ],
  'what is open without a name goes': [
    step('open', (fs) => void fs.create('/a').write(letters('a', 10_000))),
    step('tmpfile', (fs) => void fs.tmpfile('').write(letters('b', 10_000))),
    fsyncdir,
    unlink('/a'),
    step('open', (fs) => void fs.create('/b')),
    unlink('/b'),
    fsyncdir,
    write('/c', letters('c', 20_000)),
    fsync('/c'),
  ],
  'blocks of a removed directory do not come back over a file that got them': [
    crowd,
    mkdir('/d'),
    ...longNames.map((name) => write(name, '')),
    fsyncdir,
    ...longNames.map(unlink),
    rmdir('/d'),
    fsyncdir,
    fill('/full'),
    fsyncdir,
  ],
  'sizes and bytes belong together': [
    write('/a', letters('a', 5000)),
    fsync('/a'),
    truncate('/a', 4500),
    truncate('/a', 9000),
    append('/a', letters('b', 100)),
    truncate('/a', 3),
    append('/a', letters('c', 3)),
    fsync('/a'),
    overwrite('/a', 'far', 2 ** 40),
    truncate('/a', 10),
    fsync('/a'),
    overwrite('/a', 'over', 2),
    fsync('/a'),
  ],
  'bytes that are written over synchronised ones': [
    write('/a', letters('a', 5000)),
    syncfs,
    overwrite('/a', letters('b', 10), 100),
    fsync('/a'),
    overwrite('/a', letters('c', 10), 4200),
    fsync('/a'),
  ],
  'preallocated and punched blocks show nothing that was not written': [
    write('/a', letters('a', 12288)),
    fsync('/a'),
    fallocate('/a', FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 4096, 4096),
    write('/b', letters('b', 4096)),
    fsync('/b'),
    fallocate('/a', 0, 12288, 8192),
    fallocate('/a', FALLOC_FL_KEEP_SIZE, 20480, 4096),
    append('/a', 'behind'),
    fsync('/a'),
  ],
  'a file that goes keeps its bytes until that is safe': [
    crowd,
    write('/a', letters('a', 5000)),
    fill('/full'),
    fsyncdir,
    unlink('/a'),
    write('/b', ''),
    append('/b', letters('b', 4000)),
    fsyncdir,
  ],
  'the log is a ring': Array.from({ length: 12 }, (_, i) => [write(`/${i}`, ''), fsyncdir]).flat(),
  'a transaction that nobody synchronises ends when it is large': Array.from({ length: 30 }, (_, i) => mkdir(`/d${i}`)),
  'extended attributes are all there or as before': [
    write('/a', 'a'),
    setXattr('/a', 'user.a', 10),
    fsync('/a'),
    setXattr('/a', 'user.b', 9000),
    setXattr('/a', 'user.a', 20),
    fsync('/a'),
    removeXattr('/a', 'user.b'),
    fsync('/a'),
  ],
};

/** The step, which may fail: a program that was drawn asks for what cannot be. */
const attempt = ({ name, sync, run }: Step): Step => ({
  name,
  sync,
  run: (fs) => {
    codeOf(() => run(fs));
  },
});

const path = fc.constantFrom('/a', '/b', '/d', '/d/a', '/d/e');
const length = fc.constantFrom(1, 100, 3000, 4096);

/**
 * Any program of steps that are one change each. Bytes are only appended: what is written over others in place may be found with
 * the times from before.
 */
export const anyProgram: fc.Arbitrary<readonly Step[]> = fc.array(
  fc
    .oneof(
      path.map((at) => write(at, '')),
      path.map(mkdir),
      fc.tuple(path, length).map(([at, count]) => append(at, letters('y', count))),
      fc.tuple(path, fc.constantFrom(0, 50, 4096, 5000)).map(([at, size]) => truncate(at, size)),
      path.map((at) => fallocate(at, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 0, 4096)),
      path.map((at) => fallocate(at, 0, 4096, 8192)),
      fc.tuple(path, path, fc.constantFrom(0, 0, RENAME_EXCHANGE)).map(([from, to, flags]) => rename(from, to, flags)),
      fc.tuple(path, path).map(([from, to]) => step(`link ${from} ${to}`, (fs) => fs.link(from, to))),
      path.map((at) => step(`symlink ${at}`, (fs) => fs.symlink(letters('s', 100), at))),
      path.map((at) => step(`open ${at}`, (fs) => void fs.open(at))),
      path.map(unlink),
      path.map(rmdir),
      fc.tuple(path, fc.constantFrom(10, 5000)).map(([at, count]) => setXattr(at, 'user.x', count)),
      fc.constantFrom(fsyncdir, fsyncdir, syncfs),
    )
    .map(attempt),
  { minLength: 1, maxLength: 10 },
);
