import { describe, expect, it } from 'vitest';
import { parseScript, type Settings, showScript, type Target } from '../../src/check/index.ts';
import { openArena } from '../../src/check/replay.ts';
import { runProgram } from '../../src/check/runner.ts';
import { shrink } from '../../src/check/shrink.ts';
import { signatureOf } from '../../src/check/signature.ts';
import { type Call, errno, type SysResult } from '../../src/vfs/index.ts';
import { type Bug, ToyKernel, toyTarget } from './toy-kernel.ts';

const script = `
p1: uid 0, gid 0, umask 022
p2: uid 0, gid 0, umask 022
1  p1  mkdir("/x", 0755)
2  p1  mkdir("/c", 0700)
3  p2  mkdir("/c/longer", 0755)
4  p1  fd5 = open("/c/file", O_RDWR|O_CREAT, 0644)
5  p1  lstat("/x")
6  p1  pwrite(fd5, pattern(3, 700), 0)
7  p2  lstat("/c/longer")
8  p1  pwrite(fd5, pattern(0, 100), 4096)
9  p1  close(fd5)
10 p2  mkdir("/c", 0755)
11 p1  rmdir("/c/longer")
12 p2  rmdir("/c")
`;

/** Removes a full directory after a look, or where it is lucky. */
class ChancyKernel extends ToyKernel {
  readonly #isLucky: boolean;
  #looked = false;

  constructor(isLucky: boolean) {
    super('rmdir of a full directory');
    this.#isLucky = isLucky;
  }

  override call(pid: number, call: Call): SysResult {
    if (call.op === 'lstat') this.#looked = true;
    const isRight = call.op === 'rmdir' && !this.#isLucky && !this.#looked;
    if (isRight && typeof super.call(pid, { op: 'lstat', path: `${call.path}/a` }) === 'object')
      return -errno.ENOTEMPTY.errno;
    return super.call(pid, call);
  }
}

async function shrunk(bug: Bug, promises = false) {
  const arena = await openArena(toyTarget());
  const buggy = { ...arena, target: toyTarget(bug, promises) };
  const outcome = await runProgram(buggy, parseScript(script));
  if (outcome.failure === undefined) throw new Error('expected a failure of the planted bug');
  const { failure } = await shrink(buggy, outcome.failure, 2000);
  return { signature: signatureOf(failure), script: showScript(failure.program).split('\n').slice(1) };
}

describe('shrinking', () => {
  it('finds the smallest program for a directory that is removed with its entries', async () => {
    expect(await shrunk('rmdir of a full directory')).toEqual({
      signature: 'rmdir: expected ENOTEMPTY, got success',
      script: ['1  p1  mkdir("/a", 0755)', '2  p1  mkdir("/a/a", 0755)', '3  p1  rmdir("/a")'],
    });
  });

  it('keeps the call of the final look at the tree that failed', async () => {
    const { signature, script: lines } = await shrunk('write keeps mtime');
    expect(signature).toBe('pwrite: mtime not updated');
    expect(lines).toHaveLength(4);
    expect(lines.at(-1)).toMatch(/lstat\("\/a"\)$/);
  });

  it('shrinks sizes and offsets', async () => {
    const { script: lines } = await shrunk('gap of garbage');
    expect(lines).toEqual([
      expect.stringMatching(/open\("\/a", O_RDWR\|O_CREAT, 0755\)$/),
      expect.stringMatching(/pwrite\(fd3, pattern\(0, 1\), 1\)$/),
      expect.stringMatching(/pread\(fd3, 1, 0\)$/),
    ]);
  });

  it('works with a kernel that answers with promises', async () => {
    expect((await shrunk('rmdir of a full directory', true)).script).toHaveLength(3);
  });

  it('takes a kernel that throws for a finding', async () => {
    expect(await shrunk('throws')).toEqual({
      signature: 'open: the kernel threw',
      script: ['1  p1  fd3 = open("/a", O_RDONLY)'],
    });
  });

  it('tries shorter programs in other orders, where chance has a part in it', async () => {
    const otherOrders = (settings: Settings | undefined): readonly Settings[] =>
      [1, 2].map((schedule) => ({ ...settings, schedule }));
    const start: Target['start'] = (_, settings) => new ChancyKernel(settings?.schedule === 2);
    const arena = { ...(await openArena(toyTarget())), target: { ...toyTarget(), start, otherOrders } };
    const program = parseScript(`p1: uid 0, gid 0, umask 022
1  p1  mkdir("/a", 0755)
2  p1  mkdir("/a/a", 0755)
3  p1  lstat("/a")
4  p1  rmdir("/a")`);
    const outcome = await runProgram(arena, program);
    if (outcome.failure === undefined) throw new Error('expected a failure');
    const { failure, settings } = await shrink(arena, outcome.failure, 1000);
    expect(failure.program.steps.map(({ call }) => call.op)).toEqual(['mkdir', 'mkdir', 'rmdir']);
    expect(settings).toEqual({ schedule: 2 });
  });

  it('has nothing to shrink on a kernel without bugs', async () => {
    const outcome = await runProgram(await openArena(toyTarget()), parseScript(script));
    expect(outcome.failure).toBeUndefined();
    expect(outcome.calls).toBeGreaterThan(12);
  });
});
