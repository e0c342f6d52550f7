import { describe, expect, test } from 'vitest';
import { besideOf } from '../../src/check/beside.ts';
import {
  builtInTargets,
  parseScript,
  programFromJson,
  programToJson,
  replay,
  showScript,
} from '../../src/check/index.ts';
import { Model } from '../../src/model/index.ts';
import type { Kernel } from '../../src/vfs/index.ts';

const processes = `p1: uid 0, gid 0, umask 022
p2: uid 0, gid 0, umask 022
p3: uid 0, gid 0, umask 022`;

const setUp = `${processes}
1  p1  fd3 = open("/a", O_RDWR|O_CREAT, 0755)
2  p1  fd4 = open("/b", O_RDWR|O_CREAT, 0755)
3  p2  fd3 = open("/a", O_RDWR)
4  p2  fd4 = open("/b", O_RDWR)
5  p3  fd3 = open("/a", O_RDONLY)`;

/** How many of the calls go side by side, after the files were opened. */
async function together(calls: string): Promise<number> {
  const kernel = (await builtInTargets.ram().start()) as Kernel;
  const model = new Model();
  const { steps, processes: made } = parseScript(`${setUp}\n${calls}`);
  for (const process of made) {
    kernel.spawn(process.pid, process, process.umask);
    model.spawn(process.pid, process, process.umask);
  }
  for (const { pid, call } of steps.slice(0, 5)) {
    const before = kernel.now();
    const result = await kernel.call(pid, call);
    expect(model.step(pid, call, result, { before, after: kernel.now(), slack: 0 })).toBeUndefined();
  }
  const { length } = besideOf(kernel, model, steps, 5);
  await kernel.close();
  return length;
}

describe('calls go side by side where their order does not matter', () => {
  test.each([
    ['looks, whatever at', 3, 'p1  stat("/a")\n&p2  pread(fd3, 1, 0)\n&p3  fstat(fd3)'],
    ['changes of different files', 2, 'p1  pwrite(fd3, pattern(0, 1), 0)\n&p2  ftruncate(fd4, 7)'],
    ['a killed process that only looks', 2, 'p2  stat("/a")\n&p1  kill(2, 9)'],
  ])('%s', async (_, length, calls) => {
    expect(await together(calls)).toBe(length);
  });

  test.each([
    ['a change and a look at the same file', 'p1  pwrite(fd3, pattern(0, 1), 0)\n&p2  fstat(fd3)'],
    ['a change of a file and a look along a path', 'p1  ftruncate(fd3, 1)\n&p2  stat("/b")'],
    ['changes of names', 'p1  stat("/a")\n&p2  unlink("/a")'],
    ['calls of one process', 'p1  stat("/a")\n&p1  stat("/b")'],
    ['a killed process that changes something', 'p2  write(fd3, pattern(0, 1))\n&p1  kill(2, 9)'],
    ['a signal that may be ignored', 'p2  stat("/a")\n&p1  kill(2, 17)'],
  ])('not %s', async (_, calls) => {
    expect(await together(calls)).toBe(1);
  });
});

test('the results of calls side by side are judged, with answers in any order', async () => {
  const program = parseScript(`${setUp}
6  p1  pwrite(fd3, pattern(1, 5000), 0)
7 &p2  pwrite(fd4, pattern(2, 5000), 0)
8  p1  pread(fd3, 5000, 0)
9 &p2  pread(fd4, 5000, 0)
10 &p3  lstat("/b")`);
  for (let schedule = 1; schedule <= 5; schedule++) {
    const conditions = { without: [], model: {}, settings: { schedule } };
    expect((await replay(builtInTargets['ram:late'](), program, conditions)).failure).toBeUndefined();
  }
});

test('a mark for side by side survives text and JSON', () => {
  const program = parseScript(`${processes}\n1  p1  stat("/a")\n2 &p2  stat("/a")\n3 &p3  stat("/b")`);
  expect(program.steps.map(({ beside }) => beside)).toEqual([undefined, true, true]);
  expect(parseScript(showScript(program))).toEqual(program);
  expect(programFromJson(JSON.parse(JSON.stringify(programToJson(program))))).toEqual(program);
});
