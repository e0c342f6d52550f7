import { describe, expect, test } from 'vitest';
import { parseScript } from '../../src/check/index.ts';
import { checkPlan, type Rule } from '../../src/fault/index.ts';
import { simulateFaults } from '../../src/fault/simulation.ts';
import { ram } from '../../src/filesystems/index.ts';
import { Message, opcode } from '../../src/fuse/index.ts';
import { ServedFileSystem } from '../../src/sim/index.ts';
import {
  type ReplayReport,
  replayTrace,
  showDifference,
  type TraceMessage,
  type TraceRecord,
} from '../../src/trace/index.ts';
import { header } from '../support/trace.ts';

const START = 1_000_000_000;
const mount = { entryTimeout: 0, attributeTimeout: 0, directIo: true } as const;

const script = `
p1: uid 0, gid 0, umask 022
1  p1  mkdir("/d", 0755)
2  p1  fd3 = open("/d/a", O_RDWR|O_CREAT, 0644)
3  p1  write(fd3, pattern(1, 5000))
4  p1  lstat("/d/a")
5  p1  pread(fd3, 100, 0)
6  p1  link("/d/a", "/d/b", 0)
7  p1  fsync(fd3)
8  p1  close(fd3)
9  p1  mkdir("/e", 0755)
10  p1  rename("/d/b", "/e/c", 0)
11  p1  unlink("/d/a")
12  p1  lstat("/e/c")
13  p1  symlink("x", "/d/s")
14  p1  readlink("/d/s")
15  p1  fd4 = open("/d", O_RDONLY|O_DIRECTORY, 0)
16  p1  getdents(fd4, 4096)
17  p1  close(fd4)
18  p1  statfs("/")
19  p1  rmdir("/e")
20  p1  mkdir("/f", 0755)
`;

/** Runs the script under rules, and gives what a recording at the kernel's end holds. */
async function recordUnder(rules: readonly Omit<Rule, 'name'>[]): Promise<TraceRecord[]> {
  const plan = checkPlan({ rules: rules.map((rule, i) => ({ name: `${i + 1}`, ...rule })) });
  const records: TraceRecord[] = [];
  let now = () => START;
  let index = 0;
  const { kernel } = simulateFaults(ram, plan, {
    mount,
    report: () => {},
    observe: (fromKernel, { bytes }, length) => {
      const message = new Message(length);
      message.bytes.set(bytes.subarray(0, length));
      const common = { time: now() - START, thread: 0, refused: 0, message, length };
      records.push({ kind: 'message', index: index++, fromKernel, ...common });
    },
    onFault: (fault) => records.push({ kind: 'fault', time: now() - START, thread: 0, fault }),
  });
  now = () => kernel.scheduler.clock.nanoseconds;
  const { processes, steps } = parseScript(script);
  for (const { pid, umask, ...credentials } of processes) kernel.spawn(pid, credentials, umask);
  for (const { pid, call } of steps) await kernel.call(pid, call);
  return records;
}

function replay(records: readonly TraceRecord[]): Promise<ReplayReport> {
  async function* each() {
    yield* records;
  }
  const peer = new ServedFileSystem(ram, {
    session: { ...header.session, ...mount },
    started: header.started,
    report: () => {},
  });
  const ending = { kind: 'complete', messages: records.length } as const;
  return replayTrace({ header: { ...header, faults: true }, records: each(), ending }, peer);
}

const differences = ({ difference }: ReplayReport): readonly string[] =>
  difference === undefined ? [] : showDifference(difference, false);

const replies = (records: readonly TraceRecord[]): readonly TraceMessage[] =>
  records.filter((record) => record.kind === 'message').filter(({ fromKernel }) => !fromKernel);

describe('a replay of a recording under faults compares what they left alone', () => {
  const judged: readonly (readonly [name: string, rule: Omit<Rule, 'name'>, struck: number])[] = [
    [
      'a request that was refused on its way is kept from the filesystem',
      { where: 'link-request', when: { operation: 'MKDIR', path: '/e' }, what: { kind: 'errno', errno: 'ENOSPC' } },
      1,
    ],
    [
      'what was answered with an error, though it was done, is done',
      { where: 'link-reply', when: { operation: 'MKDIR', path: '/e' }, what: { kind: 'errno', errno: 'EIO' } },
      1,
    ],
    [
      'a call that the filesystem never saw',
      { where: 'filesystem', when: { operation: 'SYMLINK' }, what: { kind: 'errno', errno: 'EDQUOT' } },
      1,
    ],
    [
      'a call that the filesystem carried out, and denied',
      {
        where: 'filesystem',
        when: { operation: 'SYMLINK' },
        what: { kind: 'errno', errno: 'EDQUOT', effect: 'after' },
      },
      1,
    ],
    [
      'delays, queues and order',
      { where: 'link-request', when: { operation: ['MKDIR', 'WRITE'] }, what: { kind: 'delay', ms: 3 } },
      0,
    ],
    ['a reply that came twice', { where: 'link-reply', when: { operation: 'WRITE' }, what: { kind: 'duplicate' } }, 0],
    [
      'a lie about a size',
      { where: 'link-reply', when: { operation: 'GETATTR', nth: 2 }, what: { kind: 'lie', size: { add: 7 } } },
      1,
    ],
    [
      'a handle that was lost',
      { where: 'link-request', when: { operation: 'READ' }, what: { kind: 'stale', how: 'handle' } },
      3,
    ],
    [
      'data that were spoilt on the way back',
      { where: 'link-reply', when: { operation: 'READ' }, what: { kind: 'bit-flip', bits: 1 } },
      1,
    ],
  ];
  test.for(judged)('%s', async ([, rule, struck]) => {
    const records = await recordUnder([rule]);
    const faults = records.filter(({ kind }) => kind === 'fault').length;
    expect(faults).toBeGreaterThan(0);
    const report = await replay(records);
    expect(differences(report)).toEqual([]);
    expect(report).toMatchObject({ open: undefined, faults, struck });
    expect(report.compared).toBe(replies(records).length - struck - (rule.what.kind === 'duplicate' ? faults : 0));
  });

  test('of a file whose data were spoilt on the way there, nothing that tells them; of others, everything', async () => {
    const torn: Omit<Rule, 'name'> = { where: 'link-request', when: { operation: 'WRITE' }, what: { kind: 'torn' } };
    const records = await recordUnder([torn]);
    const report = await replay(records);
    expect(differences(report)).toEqual([]);
    expect(report).toMatchObject({ open: undefined, faults: 1 });
    expect(report.struck).toBeGreaterThan(5);
    expect(report.compared).toBeGreaterThan(20);
  });

  test('a fault that leaves open what follows ends it', async () => {
    const records = await recordUnder([
      { where: 'link-request', when: { operation: 'MKDIR', path: '/e' }, what: { kind: 'duplicate' } },
    ]);
    const report = await replay(records);
    const at = records.findIndex(({ kind }) => kind === 'fault');
    expect(differences(report)).toEqual([]);
    expect(report).toMatchObject({ open: records[at], ending: undefined });
    expect(report.compared).toBe(replies(records.slice(0, at)).length);
  });

  test('what differs without a fault is a difference', async () => {
    const [rule] = judged[0].slice(1) as [Omit<Rule, 'name'>];
    const records = await recordUnder([rule]);
    const without = records.filter(({ kind }) => kind === 'message');
    expect((await replay(without)).difference).toMatchObject({
      expected: { line: expect.stringMatching(/MKDIR reply ENOSPC/) },
    });
    const at = records.findLastIndex(
      (record) => record.kind === 'message' && record.fromKernel && record.message.words[1] === opcode.UNLINK,
    );
    expect((await replay(records.toSpliced(at, 1))).difference).toBeDefined();
  });
});
