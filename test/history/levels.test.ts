import { describe, expect, test } from 'vitest';
import { showCall } from '../../src/check/index.ts';
import { holds, judge, type Level, ladder, parseLevel, showLevel, strongestOf } from '../../src/history/index.ts';
import { written } from './written.ts';

/** Two processes on two kernels; p1 has made /a with the content "old" and closed it, before anything else. */
const start = `
  0.01-0.02 p1@0 open("/a", O_RDWR|O_CREAT, 0644) = 3 node 5.0
  0.03-0.04 p1@0 pwrite(fd3, bytes("old"), 0) = 3
  0.05-0.06 p1@0 close(fd3) = 0
`;

const keeps = (text: string, quiet?: number): readonly string[] =>
  ladder(2)
    .filter((level) => holds(written(text, quiet), level))
    .map(showLevel);

const all = ladder(2).map(showLevel);

const contradiction = (text: string, level: Level): readonly string[] => {
  const verdict = judge(written(text), level);
  if (verdict.kind !== 'contradicted') throw new Error(`expected a contradiction, given ${verdict.kind}`);
  return verdict.contradiction.operations.map(({ pid, call }) => `p${pid} ${showCall(call)}`);
};

describe('linearizable', () => {
  test('operations one after the other that see each other', () => {
    expect(keeps(`${start} 1-2 p2@1 stat("/a") = file 5 size 3`)).toEqual(all);
  });

  test('side by side, one may come before or after the other', () => {
    for (const seen of ['ENOENT', 'file 6 size 0'])
      expect(
        keeps(`1-4 p1@0 open("/b", O_RDWR|O_CREAT, 0644) = 3 node 6.0
               2-3 p2@1 stat("/b") = ${seen}`),
      ).toEqual(all);
  });

  test('seen by one, it is there for the next', () => {
    const text = `1-9 p1@0 mkdir("/d", 0755) = 0
      2-3 p2@1 stat("/d") = dir 7
      4-5 p3@2 stat("/d") = ENOENT`;
    expect(keeps(text)).toEqual(['close-to-open', 'attribute-cache:2', 'process-order', 'eventual']);
    expect(contradiction(text, { kind: 'linearizable' })).toEqual([
      'p1 mkdir("/d", 0755)',
      'p2 stat("/d")',
      'p3 stat("/d")',
    ]);
  });

  test('a read side by side with a write of two pages may have one of them', () => {
    const page = (letter: string) => letter.repeat(4096);
    const read = (text: string) => `${start} 1-1.1 p1@0 open("/a", O_RDWR) = 3 node 5.0
      1.2-1.3 p2@1 open("/a", O_RDWR) = 3 node 5.0
      1.4-1.5 p1@0 pwrite(fd3, bytes("${page('a')}${page('a')}"), 0) = 8192
      2-5 p1@0 pwrite(fd3, bytes("${page('b')}${page('b')}"), 0) = 8192
      3-4 p2@1 pread(fd3, 8192, 0) = "${text}"`;
    expect(keeps(read(page('b') + page('a')))).toEqual(all);
    expect(keeps(read(page('a') + page('b')))).toEqual(all);
    expect(keeps(read(`${page('a')}b${page('a').slice(1)}`))).toEqual([]);
  });

  test('one name, made twice with O_EXCL', () => {
    const text = `1-3 p1@0 open("/b", O_WRONLY|O_CREAT|O_EXCL, 0644) = 3 node 6.0
      2-4 p2@0 open("/b", O_WRONLY|O_CREAT|O_EXCL, 0644) = 3 node 7.0`;
    expect(keeps(text)).toEqual([]);
    expect(contradiction(text, { kind: 'linearizable' })).toHaveLength(2);
  });

  test('a rename moves both names at once', () => {
    const text = (between: string) => `${start} 1-5 p1@0 rename("/a", "/b", 0) = 0
      2-3 p2@1 stat("/a") = ENOENT
      3.1-4 p2@1 stat("/b") = ${between}`;
    expect(keeps(text('file 5 size 3'))).toEqual(all);
    expect(keeps(text('ENOENT'))).not.toContain('linearizable');
    // Whether or not the file was moved, one of its names was there.
    expect(contradiction(text('ENOENT'), { kind: 'linearizable' })).toEqual([
      'p1 open("/a", O_RDWR|O_CREAT, 0644)',
      'p2 stat("/a")',
      'p2 stat("/b")',
    ]);
  });

  test('a directory that was found empty had no entries', () => {
    const text = (end: string) => `1-2 p1@0 mkdir("/d", 0755) = 0
      3-6 p1@0 rmdir("/d") = 0
      4-5 p2@0 open("/d/a", O_WRONLY|O_CREAT, 0644) = ${end}`;
    expect(keeps(text('ENOENT'))).toEqual(all);
    expect(keeps(text('3 node 6.0'))).toEqual([]);
  });

  test('an entry that is there throughout is listed, one that is made meanwhile may be', () => {
    const text = (listed: string) => `${start}
      1-2 p2@0 open("/", O_RDONLY|O_DIRECTORY) = 3 node 1.0
      3-8 p1@0 open("/b", O_RDWR|O_CREAT, 0644) = 3 node 6.0
      4-5 p2@0 getdents(fd3, 4096) = [. .. ${listed}]
      6-7 p2@0 getdents(fd3, 4096) = []`;
    expect(keeps(text('a b'))).toEqual(all);
    expect(keeps(text('a'))).toEqual(all);
    expect(keeps(text('b'))).not.toContain('linearizable');
    expect(keeps(text('a c'))).toEqual([]);
  });

  test('a call that never returned may have had its effect, or not', () => {
    for (const seen of ['ENOENT', 'dir 7'])
      expect(
        keeps(`1- p1@0 mkdir("/d", 0755)
        2-3 p2@0 stat("/d") = ${seen}`),
      ).toEqual(all);
    expect(
      keeps(`1- p1@0 mkdir("/d", 0755)
        2-3 p2@0 stat("/d") = dir 7
        4-5 p2@0 stat("/d") = ENOENT`),
    ).toEqual(['eventual']);
  });

  test('what is appended stands behind what was there', () => {
    const text = (read: string) => `${start}
      1-1.1 p1@0 open("/a", O_WRONLY|O_APPEND) = 3 node 5.0
      1.2-1.3 p2@0 open("/a", O_RDWR|O_APPEND) = 3 node 5.0
      2-4 p1@0 write(fd3, bytes("x")) = 1
      3-5 p2@0 write(fd3, bytes("y")) = 1
      6-7 p2@0 pread(fd3, 10, 0) = "${read}"`;
    expect(keeps(text('oldxy'))).toEqual(all);
    expect(keeps(text('oldyx'))).toEqual(all);
    expect(keeps(text('oldy'))).not.toContain('linearizable');
  });
});

test('a rename of a name to itself sees that it is there, and does nothing', () => {
  const text = (seen: string) => `${start} 1-2 p1@0 rename("/a", "/a", 0) = ${seen}
    3-4 p2@1 stat("/a") = file 5 size 3`;
  expect(keeps(text('0'))).toEqual(all);
  expect(keeps(text('ENOENT'))).not.toContain('linearizable');
});

describe('close-to-open', () => {
  const rewritten = (opened: string, read: string) => `${start}
    1-1.1 p1@0 open("/a", O_RDWR) = 3 node 5.0
    2-2.1 p1@0 pwrite(fd3, bytes("new"), 0) = 3
    3-3.1 p1@0 close(fd3) = 0
    ${opened} p2@1 open("/a", O_RDONLY) = 3 node 5.0
    8-8.1 p2@1 pread(fd3, 3, 0) = "${read}"`;

  test('whoever opens after the close sees what was written', () => {
    expect(keeps(rewritten('4-4.1', 'new'))).toEqual(all);
    expect(keeps(rewritten('4-4.1', 'old'))).toEqual(['process-order', 'eventual']);
  });

  test('whoever opened before the close may read what was there, however late', () => {
    expect(keeps(rewritten('2.5-2.6', 'old'))).toEqual(['close-to-open', 'process-order', 'eventual']);
  });

  test('what is written stays with the client until it closes', () => {
    const text = `${start}
      1-1.1 p1@0 open("/a", O_RDWR) = 3 node 5.0
      1.2-1.3 p2@1 open("/a", O_RDWR) = 3 node 5.0
      2-2.1 p1@0 pwrite(fd3, bytes("one"), 0) = 3
      2.2-2.3 p1@0 pread(fd3, 3, 0) = "one"
      3-3.1 p2@1 pwrite(fd3, bytes("two"), 0) = 3
      4-4.1 p2@1 close(fd3) = 0
      5-5.1 p1@0 close(fd3) = 0
      6-6.1 p3@2 open("/a", O_RDONLY) = 3 node 5.0
      7-7.1 p3@2 pread(fd3, 3, 0) = "one"`;
    expect(keeps(text)).toEqual(['close-to-open', 'process-order', 'eventual']);
  });

  test('an open finds what has a name, and finds nothing without', () => {
    expect(keeps('1-2 p1@0 mkdir("/d", 0755) = 0\n 3-4 p2@1 open("/d", O_RDONLY) = ENOENT')).not.toContain(
      'close-to-open',
    );
    expect(keeps('1-2 p1@0 mkdir("/d", 0755) = 0\n 8-9 p2@1 stat("/d") = ENOENT')).toEqual([
      'close-to-open',
      'process-order',
      'eventual',
    ]);
  });
});

describe('attribute-cache', () => {
  const late = (from: number) => `${start} 1-1.1 p1@0 unlink("/a") = 0
    ${from}-${from + 0.1} p2@1 stat("/a") = file 5 size 3`;

  test('what is shown was so at most so many seconds ago', () => {
    expect(keeps(late(3))).toEqual(['close-to-open', 'attribute-cache:2', 'process-order', 'eventual']);
    expect(keeps(late(4))).toEqual(['close-to-open', 'process-order', 'eventual']);
    expect(holds(written(late(4)), { kind: 'attribute-cache', seconds: 3 })).toBe(true);
    expect(holds(written(late(3)), { kind: 'attribute-cache', seconds: 0 })).toBe(false);
  });

  test('processes of the client that made a change see it at once', () => {
    expect(keeps(late(1.5).replace('p2@1', 'p2@0'))).toEqual(['process-order', 'eventual']);
  });
});

describe('process-order', () => {
  test('a process sees what it did', () => {
    expect(keeps('1-2 p1@0 mkdir("/d", 0755) = 0\n 3-4 p1@0 stat("/d") = ENOENT')).toEqual(['eventual']);
  });

  test('what a process has seen it sees again', () => {
    const text = (who: string) => `1-2 p1@0 mkdir("/d", 0755) = 0
      5-6 p2@1 stat("/d") = dir 7
      7-8 ${who} stat("/d") = ENOENT`;
    expect(keeps(text('p2@1'))).toEqual(['eventual']);
    expect(keeps(text('p3@2'))).toEqual(['close-to-open', 'process-order', 'eventual']);
  });

  test('what is seen was there some time, and is not seen before it was', () => {
    expect(keeps('1-2 p2@1 stat("/d") = dir 7\n 3-4 p1@0 mkdir("/d", 0755) = 0')).toEqual([]);
    expect(keeps(`${start} 1-2 p2@1 open("/a", O_RDONLY) = 3 node 5.0\n 3-4 p2@1 pread(fd3, 3, 0) = "odd"`)).toEqual(
      [],
    );
  });
});

test('eventual: when all is at rest everybody sees what is', () => {
  const text = (seen: string) => `1-2 p1@0 mkdir("/d", 0755) = 0
    100-101 p2@1 stat("/d") = ${seen}`;
  expect(keeps(text('dir 7'), 50)).toEqual(all);
  expect(keeps(text('ENOENT'), 50)).not.toContain('eventual');
});

test('the strongest level that holds is the first', () => {
  const text = `1-2 p1@0 mkdir("/d", 0755) = 0\n 3-4 p1@0 stat("/d") = ENOENT`;
  expect(strongestOf(written(text), ladder(1))).toEqual({ kind: 'eventual' });
});

test('levels are read as they are written', () => {
  for (const level of ladder(1.5)) expect(parseLevel(showLevel(level))).toEqual(level);
  for (const text of ['attribute-cache', 'attribute-cache:', 'attribute-cache:x', 'linear', ''])
    expect(parseLevel(text)).toBeUndefined();
});

describe('what is not judged is told', () => {
  test.each([
    ['1-2 p1 symlink("x", "/a") = 0', 'expected one of .*given symlink'],
    ['1-2 p1 open("/a", O_RDWR|O_CREAT, 0644) = 3', 'operation 1: expected an open that says its node'],
    ['1-2 p1 mkdir("/d", 0755) = 0\n 3-4 p1 rename("/d", "/e", 0) = 0', 'expected renames of files'],
  ])('%s', (text, message) => {
    expect(() => judge(written(text), { kind: 'linearizable' })).toThrow(new RegExp(message));
  });
});
