import { expect, test } from 'vitest';
import { parseScript } from '../../src/check/index.ts';
import { snapshot } from '../../src/check/snapshot.ts';
import { ram } from '../../src/filesystems/index.ts';
import {
  type CallClock,
  CrashHistory,
  judgeCrash,
  Model,
  type TreeNode,
  type Violation,
} from '../../src/model/index.ts';
import { simulate } from '../../src/sim/index.ts';
import { type Call, type CrashPromise, type Kernel, root, type SysResult } from '../../src/vfs/index.ts';

const HEAD = 'p1: uid 0, gid 0, umask 022';

type Called = (pid: number, call: Call, result: SysResult, clock: CallClock) => void;

function run(kernel: Kernel, calls: readonly string[], called: Called = () => {}): void {
  kernel.spawn(1, root);
  kernel.spawn(90, root);
  if (calls.length === 0) return;
  for (const { pid, call } of parseScript([HEAD, ...calls.map((call, i) => `${i + 1}  p1  ${call}`)].join('\n'))
    .steps) {
    const before = kernel.now();
    const result = kernel.call(pid, call);
    if (result instanceof Promise) throw new Error('expected a filesystem that answers at once');
    called(pid, call, result, { before, after: kernel.now(), slack: 0 });
  }
}

/** The tree that these calls make. */
async function treeOf(calls: readonly string[]): Promise<TreeNode> {
  const kernel = simulate(ram);
  run(kernel, calls);
  return await snapshot(kernel, new Set());
}

/** What is said of a crash after some calls, of which these others' tree is left. */
async function judged(
  calls: readonly string[],
  left: readonly string[],
  { promise = 'posix', inFlight = false }: { promise?: CrashPromise; inFlight?: boolean } = {},
): Promise<Violation | undefined> {
  const model = new Model();
  model.spawn(1, root);
  const history = new CrashHistory(promise, model);
  run(simulate(ram), calls, (pid, call, result, clock) => {
    expect(model.step(pid, call, result, clock)).toBeUndefined();
    history.called(pid, call, result);
  });
  const done = calls.length - (inFlight ? 1 : 0);
  return judgeCrash(history, await treeOf(left), { done, inFlight });
}

const open = 'fd3 = open("/a", O_RDWR|O_CREAT, 0644)';
const write = 'write(fd3, pattern(0, 5))';
const fsync = 'fsync(fd3)';
const openRoot = 'fd4 = open("/", O_RDONLY)';
const fsyncRoot = 'fsync(fd4)';
const synced = [open, write, fsync, openRoot, fsyncRoot];

test('what was not synced may be there or not', async () => {
  for (const left of [[], [open], [open, write]]) expect(await judged([open, write], left)).toBeUndefined();
});

test('a name that was synced must be there', async () => {
  expect(await judged(synced, [])).toEqual({
    promise: 'names that were synced are kept',
    text: '"/a" was there (safe since call 5), and nothing has removed it; after the crash it is gone',
  });
});

test('bytes that were synced must be there, and the call that synced them is named', async () => {
  expect((await judged(synced, [open]))?.text).toBe(
    '"/a" was fsynced with 5 bytes at call 3; after the crash it has 0',
  );
  expect((await judged(synced, [open, 'ftruncate(fd3, 5)']))?.text).toBe(
    'byte 0 of "/a" was 0x61 (safe since call 3); after the crash it is 0x00',
  );
});

test('a sync that was under way promises nothing', async () => {
  expect(await judged(synced.slice(0, 3), [open], { inFlight: true })).toBeUndefined();
  expect(await judged(synced, [], { inFlight: true })).toBeUndefined();
});

test('what was never made is never there', async () => {
  expect((await judged(synced, [...synced, 'mkdir("/b", 0755)']))?.promise).toBe('names are some that were made');
  const other = 'write(fd3, pattern(3, 5))';
  expect((await judged([open, write], [open, other]))?.promise).toBe('bytes are some that were written there');
});

test('a rename that was not synced may leave both names, or one', async () => {
  const renamed = [...synced, 'rename("/a", "/b", 0)'];
  for (const left of [synced, renamed, [...synced, 'link("/a", "/b", 0)']])
    expect(await judged(renamed, left)).toBeUndefined();
  expect((await judged(renamed, [...synced, 'fd5 = creat("/b", 0644)', 'write(fd5, pattern(0, 5))']))?.promise).toBe(
    'names of one file are of one file',
  );
});

test('what was cut off goes with the size, or with what is written to its page from then on', async () => {
  const long = [open, 'pwrite(fd3, pattern(0, 5000), 0)', fsync, openRoot, 'fsync(fd4)'];
  const cut = [...long, 'pwrite(fd3, pattern(0, 1000), 5000)', 'ftruncate(fd3, 0)'];
  const gone = [open, 'ftruncate(fd3, 5000)'];
  const promise = 'bytes that were synced are kept';
  expect(await judged(cut, gone)).toMatchObject({ promise });
  const written = [...cut, 'pwrite(fd3, pattern(7, 20), 0)'];
  const page = [open, 'pwrite(fd3, pattern(0, 5000), 0)', 'ftruncate(fd3, 0)', 'pwrite(fd3, pattern(7, 20), 0)'];
  const rest = 'pwrite(fd3, pattern(4096, 904), 4096)';
  expect(await judged(written, [...page, rest])).toBeUndefined();
  expect(await judged(written, [...page, 'ftruncate(fd3, 5000)'])).toMatchObject({ promise });
  expect(await judged(written, [...page, rest], { promise: 'ordered' })).toBeDefined();
});

test('a mode that was synced is kept', async () => {
  const modes = [open, 'fchmod(fd3, 0600)', fsync];
  expect((await judged(modes, [open]))?.text).toBe(
    '"/a" had mode 0600, uid 0, gid 0 (safe since call 3); after the crash it has mode 0644, uid 0, gid 0',
  );
});

test('a directory that is moved is at one of its places', async () => {
  const made = ['mkdir("/d", 0755)', openRoot, fsyncRoot, 'rename("/d", "/e", 0)'];
  expect(await judged(made, ['mkdir("/d", 0755)'])).toBeUndefined();
  expect(await judged(made, ['mkdir("/e", 0755)'])).toBeUndefined();
  expect((await judged(made, []))?.text).toContain('is at none of them');
  expect((await judged(made, ['mkdir("/d", 0755)', 'mkdir("/e", 0755)']))?.promise).toBe('a directory has one name');
});

test('ordered: names are as they were at some moment', async () => {
  const two = ['mkdir("/a", 0755)', 'mkdir("/b", 0755)'];
  expect(await judged(two, two.slice(1))).toBeUndefined();
  expect((await judged(two, two.slice(1), { promise: 'ordered' }))?.text).toBe(
    'the tree is as it was at no moment: after call 2 "/a" was there; after call 1 "/a" was there; at the start "/b" was not there',
  );
});

test('ordered: fsync of any file keeps all names before it', async () => {
  const calls = ['mkdir("/d", 0755)', open, fsync];
  expect(await judged(calls, [])).toBeUndefined();
  expect((await judged(calls, [open], { promise: 'ordered' }))?.promise).toBe('names that were synced are kept');
});

test('ordered: where a size is, the bytes are that made it', async () => {
  const grown = [open, 'ftruncate(fd3, 5)'];
  expect(await judged([open, write], grown)).toBeUndefined();
  expect((await judged([open, write], grown, { promise: 'ordered' }))?.text).toContain(
    'byte 0 of "/a" is older than the size',
  );
});
