import { describe, expect, test } from 'vitest';
import { parseScript } from '../../src/check/index.ts';
import type { FileSystemFactory, FileSystemOptions } from '../../src/env/index.ts';
import { ram } from '../../src/filesystems/index.ts';
import { Message, opcode } from '../../src/fuse/index.ts';
import { ServedFileSystem, simulate } from '../../src/sim/index.ts';
import {
  type CompareOptions,
  type ReplayPeer,
  type ReplayReport,
  replayTrace,
  showDifference,
  type TraceMessage,
} from '../../src/trace/index.ts';
import { type Attributes, type Created, type Entry, errno, type FileSystem, type Opened } from '../../src/vfs/index.ts';
import { deferredRam } from '../sim/kernel/deferred-ram.ts';
import { header } from '../support/trace.ts';

const START = 1_000_000_000;

/** Runs a script in the simulated kernel and gives what passed. */
async function record(script: string, factory = ram, options: FileSystemOptions = {}): Promise<TraceMessage[]> {
  const messages: TraceMessage[] = [];
  let now = () => START;
  const kernel = simulate(factory, {
    filesystem: options,
    mount: { entryTimeout: 1, attributeTimeout: 1 },
    observe: (fromKernel, { bytes }, length) => {
      const message = new Message(length);
      message.bytes.set(bytes.subarray(0, length));
      const time = now() - START;
      messages.push({
        kind: 'message',
        index: messages.length,
        fromKernel,
        time,
        thread: 0,
        refused: 0,
        message,
        length,
      });
    },
  });
  now = () => kernel.scheduler.clock.nanoseconds;
  const { processes, steps } = parseScript(script);
  for (const { pid, umask, ...credentials } of processes) kernel.spawn(pid, credentials, umask);
  for (const { pid, call } of steps) await kernel.call(pid, call);
  await kernel.dropCaches();
  await kernel.close();
  return messages;
}

const served = (factory: FileSystemFactory, filesystem?: FileSystemOptions) =>
  new ServedFileSystem(factory, {
    filesystem,
    session: header.session,
    started: header.started,
    report: () => {},
  });

function replayWith(
  messages: readonly TraceMessage[],
  peer: ReplayPeer,
  options?: Partial<CompareOptions>,
): Promise<ReplayReport> {
  async function* each() {
    yield* messages;
  }
  const ending = { kind: 'complete', messages: messages.length } as const;
  return replayTrace({ header, records: each(), ending }, peer, options);
}

/** Replays messages on a filesystem in the simulator. */
const replayOn = (
  messages: readonly TraceMessage[],
  factory: FileSystemFactory,
  { filesystem, ...options }: Partial<CompareOptions> & { readonly filesystem?: FileSystemOptions } = {},
) => replayWith(messages, served(factory, filesystem), options);

/** ram with some methods replaced; `methods` gets the real one. */
const changed =
  (methods: (real: FileSystem) => Partial<FileSystem>): FileSystemFactory =>
  (environment, options) => {
    const real = ram(environment, options);
    const others = methods(real) as Record<PropertyKey, unknown>;
    return new Proxy(real, {
      get(target, key) {
        const value = Object.hasOwn(others, key) ? others[key] : Reflect.get(target, key, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  };

const script = `
p1: uid 0, gid 0, umask 022
1  p1  mkdir("/d", 0755)
2  p1  fd3 = open("/d/a", O_RDWR|O_CREAT, 0644)
3  p1  write(fd3, pattern(1, 5000))
4  p1  lstat("/d/a")
5  p1  pread(fd3, 100, 0)
6  p1  link("/d/a", "/d/b", 0)
7  p1  utimensat("/d/b", {1000, 5}, {2000, 6}, 0)
8  p1  lstat("/d/b")
9  p1  close(fd3)
10  p1  unlink("/d/a")
11  p1  symlink("b", "/d/c")
12  p1  readlink("/d/c")
13  p1  fd4 = open("/d", O_RDONLY|O_DIRECTORY, 0)
14  p1  getdents(fd4, 4096)
15  p1  getdents(fd4, 4096)
16  p1  close(fd4)
17  p1  unlink("/d/b")
18  p1  unlink("/d/c")
19  p1  fd3 = open("/d/e", O_RDWR|O_CREAT, 0644)
20  p1  close(fd3)
21  p1  lstat("/d/e")
22  p1  statfs("/")
`;

describe('a trace of ram', () => {
  test('replays on ram with no difference', async () => {
    const messages = await record(script);
    const report = await replayOn(messages, ram);
    expect(report).toMatchObject({ difference: undefined, ending: { kind: 'complete' } });
    expect(report.requests).toBe(messages.filter(({ fromKernel }) => fromKernel).length);
    expect(report.compared).toBe(messages.length - report.requests);
    expect(report.requests).toBeGreaterThan(25);
  });

  test.for<[string, FileSystemFactory]>([
    ['after some turns of the promise queue', deferredRam(3)],
    ['after some time', deferredRam(0, () => 7)],
  ])('replays on a ram that answers %s', async ([, factory]) => {
    expect((await replayOn(await record(script), factory, { same: false })).difference).toBeUndefined();
  });

  test('whose replies came late and out of order replays on both', async () => {
    const late = deferredRam(0, (method) => (method === 'read' ? 30 : 5));
    const messages = await record(script, late);
    for (const factory of [late, deferredRam(1), ram])
      expect((await replayOn(messages, factory, { same: factory === late })).difference).toBeUndefined();
  });
});

describe('what has another number stands for the same', () => {
  test('node ids, inode numbers and generations', async () => {
    const messages = await record(script, ram, { reuseNodes: true });
    expect((await replayOn(messages, ram, { filesystem: { reuseNodes: false } })).difference).toBeUndefined();
    const back = await record(script, ram, { reuseNodes: false });
    expect((await replayOn(back, ram, { filesystem: { reuseNodes: true } })).difference).toBeUndefined();
  });

  test('handles', async () => {
    const other = (opened: Opened): Opened => ({ ...opened, fh: opened.fh + 1000 });
    const shifted = changed((real) => ({
      open: (...given) => other(real.open!(...given) as Opened),
      opendir: (...given) => other(real.opendir!(...given) as Opened),
      create: (...given) => {
        const { entry, opened } = real.create!(...given) as Created;
        return { entry, opened: other(opened) };
      },
      read: (node, fh, ...given) => real.read!(node, fh - 1000, ...given),
      write: (node, fh, ...given) => real.write!(node, fh - 1000, ...given),
      readdir: (node, fh, ...given) => real.readdir!(node, fh - 1000, ...given),
      readdirplus: (node, fh, ...given) => real.readdirplus!(node, fh - 1000, ...given),
      release: (node, fh, ...given) => real.release!(node, fh - 1000, ...given),
      releasedir: (node, fh, ...given) => real.releasedir!(node, fh - 1000, ...given),
    }));
    expect((await replayOn(await record(script), shifted)).difference).toBeUndefined();
  });

  test('positions in listings, and with another filesystem their order', async () => {
    const other = changed((real) => ({
      readdirplus: (node, fh, offset, sink, context) => {
        const entries: [string, Entry][] = [];
        void real.readdirplus!(node, fh, 0, { add: (name, entry) => entries.push([name, entry]) > 0 }, context);
        entries.reverse();
        for (let i = Number(offset) / 100; i < entries.length; i++)
          if (!sink.add(entries[i][0], entries[i][1], (i + 1) * 100)) return;
      },
    }));
    const messages = await record(script);
    expect((await replayOn(messages, other, { same: false })).difference).toBeUndefined();
    expect((await replayOn(messages, other)).difference?.fields).toMatchObject([{ field: 'entries' }]);
  });
});

const attributes = (real: FileSystem, change: (made: Attributes) => Attributes): Partial<FileSystem> => ({
  getattr: (...given) => change(real.getattr(...given) as Attributes),
  lookup: (...given) => {
    const entry = real.lookup(...given);
    return 'attributes' in entry ? { ...entry, attributes: change(entry.attributes) } : entry;
  },
});

describe('the first difference is told', () => {
  const broken: readonly (readonly [string, Parameters<typeof changed>[0], string, RegExp])[] = [
    ['an error', () => ({ readlink: () => errno.EINVAL }), 'READLINK', /error: expected success, given EINVAL/],
    [
      'success instead of an error',
      () => ({ getxattr: () => new Uint8Array(2) }),
      'GETXATTR',
      /error: expected ENODATA/,
    ],
    [
      'a wrong byte',
      (real) => ({
        read: (node, fh, into, ...given) => {
          const count = real.read!(node, fh, into, ...given);
          into[7] ^= 1;
          return count;
        },
      }),
      'READ',
      /data: expected 5000 bytes, byte 7 is 0x.*, given 5000 bytes, byte 7 is/,
    ],
    [
      'an attribute',
      (real) => attributes(real, (made) => ({ ...made, nlink: made.nlink + 1 })),
      'GETATTR',
      /nlink: expected 2, given 3/,
    ],
    [
      'a time that does not change',
      (real) => {
        let first: Attributes['mtime'] | undefined;
        return {
          create: (...given) => {
            const created = real.create!(...given) as Created;
            first = created.entry.attributes.mtime;
            return created;
          },
          ...attributes(real, (made) => (made.size === 5000 && first ? { ...made, mtime: first } : made)),
        };
      },
      'GETATTR',
      /mtime: expected another than before, as it has changed since, given/,
    ],
    [
      'a time that a client has set',
      (real) => ({
        setattr: (...given) => ({ ...(real.setattr!(...given) as Attributes), mtime: { sec: 2000, nsec: 0 } }),
      }),
      'SETATTR',
      /mtime: expected 2000\.000000006, given 2000\.000000000/,
    ],
    [
      'two files that are one',
      (real) => ({ symlink: (parent, _name, _target, context) => real.lookup(parent, 'b', context) }),
      'SYMLINK',
      /nodeid: expected another than that of node 3, given 3/,
    ],
    [
      'an entry that is not listed',
      (real) => ({
        readdirplus: (node, fh, offset, sink, context) =>
          real.readdirplus!(
            node,
            fh,
            offset,
            { add: (name, ...rest) => name === 'c' || sink.add(name, ...rest) },
            context,
          ),
      }),
      'READDIRPLUS',
      /entries: expected .*"c".*, given/,
    ],
  ];
  test.for(broken)('%s', async ([, methods, op, text]) => {
    const { difference } = await replayOn(await record(script), changed(methods));
    const lines = showDifference(difference!, false);
    expect(lines[0]).toMatch(new RegExp(`^request: +#\\d+ ${op} `));
    expect(lines[1]).toMatch(new RegExp(`^expected: +#\\d+ ${op} reply `));
    expect(lines[2]).toMatch(new RegExp(`^given: +#\\d+ ${op} reply `));
    expect(lines.slice(3).join('\n')).toMatch(text);
  });

  test('with the bytes of all three', async () => {
    const { difference } = await replayOn(
      await record(script),
      changed(() => ({ readlink: () => errno.EINVAL })),
    );
    const lines = showDifference(difference!, true);
    expect(lines.filter((line) => /^ +000000 {2}28 00 00 00 05 00 00 00/.test(line))).toHaveLength(1);
    expect(lines.filter((line) => /^ +000000 {2}1[01] 00 00 00/.test(line))).toHaveLength(2);
  });

  test('a reply that does not come', async () => {
    const never = changed(() => ({ mode: 'async', readlink: () => new Promise(() => {}) }));
    const { difference } = await replayOn(await record(script), never, { same: false });
    expect(showDifference(difference!, false).slice(0, 3)).toEqual([
      expect.stringMatching(/^request: +#\d+ READLINK/),
      expect.stringMatching(/^expected: +#\d+ READLINK reply text="b"$/),
      'given:      nothing',
    ]);
  });

  test('a reply that the recording does not have', async () => {
    const messages = await record(script);
    const report = await replayWith(messages, answeringTwice(served(ram), opcode.READLINK));
    expect(showDifference(report.difference!, false)).toEqual([
      'expected:   nothing',
      expect.stringMatching(/^given: +#\d+ reply to a request that was not seen$/),
    ]);
  });

  test('unless the field is one to ignore', async () => {
    const other = changed((real) => attributes(real, (made) => ({ ...made, blksize: 512 })));
    const messages = await record(script);
    const { difference } = await replayOn(messages, other);
    expect(difference?.fields).toEqual([{ field: 'blksize', expected: '4096', given: '512' }]);
    expect((await replayOn(messages, other, { ignore: new Set(['blksize']) })).difference).toBeUndefined();
  });
});

/** Sends the replies to one kind of request twice. */
function answeringTwice(peer: ReplayPeer, twice: number): ReplayPeer {
  let code = 0;
  return {
    moveTo: (nanoseconds) => peer.moveTo(nanoseconds),
    now: () => peer.now(),
    settle: (done) => peer.settle(done),
    connect: (send) => {
      const server = peer.connect((message, length) => {
        if (code === twice) send(message, length);
        return send(message, length);
      });
      return {
        receive: (message, length) => {
          [, code] = message.words;
          server.receive(message, length);
        },
      };
    },
  };
}

describe('a filesystem that sends notifications', () => {
  const notifying = (node: number, name: string) =>
    changed((real) => {
      let invalidate = () => {};
      return {
        init: (_negotiated, notifier) => {
          invalidate = () => notifier.invalEntry(node, name);
        },
        mkdir: (...given) => {
          invalidate();
          return real.mkdir!(...given);
        },
      };
    });

  test('replays with them', async () => {
    const messages = await record(script, notifying(1, 'x'));
    expect((await replayOn(messages, notifying(1, 'x'))).difference).toBeUndefined();
    expect((await replayOn(messages, notifying(1, 'y'))).difference?.fields).toEqual([
      { field: 'name', expected: 'x', given: 'y' },
    ]);
    expect((await replayOn(messages, ram)).difference).toMatchObject({ given: undefined });
    expect((await replayOn(await record(script), notifying(1, 'x'))).difference).toMatchObject({ expected: undefined });
  });
});

test('what the kernel refused is refused again, so that the filesystem takes its reference back', async () => {
  const messages = await record(script);
  const at = messages.findIndex(({ fromKernel, message }) => fromKernel && message.words[1] === opcode.SYMLINK) + 1;
  const unwanted = messages.slice(0, at + 1).with(at, { ...messages[at], refused: errno.ENOENT.errno });
  const forgotten: number[] = [];
  const forgetful = changed((real) => ({
    forget: (node, lookups) => {
      forgotten.push(lookups);
      real.forget?.(node, lookups);
    },
    // What the end of the session forgets does not count.
    destroy: () => {
      forgotten.push(-1);
    },
  }));
  for (const list of [messages.slice(0, at + 1), unwanted])
    expect((await replayWith(list, served(forgetful))).difference).toBeUndefined();
  const ends = forgotten.indexOf(-1);
  const first = forgotten.slice(0, ends);
  const second = forgotten.slice(ends + 1, -1);
  expect(second.length).toBe(first.length);
  expect(second[0]).toBe(1);
});
