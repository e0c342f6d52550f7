import { faultPlan, when } from '../../fault/index.ts';
import { O_CREAT, O_EXCL, O_RDWR } from '../../vfs/index.ts';
import type { Scenario } from '../scenario.ts';

const layer = 'retransmission';
const key = { call: 'call', caller: 'address' } as const;
const on = { kind: 'on', key, size: 1024, inProgress: true, atRestart: 'lost' } as const;

const retryNewPort: Scenario = {
  id: 'retry-new-port',
  row: 8,
  title: 'ENOENT for a directory that this very call removed',
  layer,
  story:
    'The reply is lost with the connection. The client sends the call again from another port, and the reply cache knows calls by their port.',
  source: 'RFC 1813, 4.5',
  remedy: 'a reply cache whose key has no port; slots of NFSv4.1',
  setting: { client: { sourceport: 'new' } },
  failing: { server: { replyCache: { ...on, key: { call: 'call', caller: 'port' } } } },
  remedied: { server: { replyCache: on } },
  async run(world) {
    const a = world.program('a');
    await a.mkdir('/d');
    world.rule({ name: 'the reply is lost', at: 'reply', procedure: 'RMDIR', fault: { kind: 'break' } });
    return { rmdir: await a.rmdir('/d') };
  },
  symptom: { rmdir: 'ENOENT' },
  sound: { rmdir: 0 },
};

const retryAfterReboot: Scenario = {
  id: 'retry-after-reboot',
  row: 9,
  title: 'EEXIST for a directory that this very call made',
  layer,
  story: 'The server makes the directory and crashes before it answers; the reply cache was in memory.',
  source: 'rename(2), BUGS',
  remedy: 'a reply cache that survives',
  failing: { server: { replyCache: on } },
  remedied: { server: { replyCache: { ...on, atRestart: 'kept' } } },
  async run(world) {
    world.rule({
      name: 'the server crashes',
      at: 'reply',
      procedure: 'MKDIR',
      fault: { kind: 'meanwhile', run: () => void world.crashServer() },
    });
    world.rule({ name: 'the reply is lost', at: 'reply', procedure: 'MKDIR', fault: { kind: 'break' } });
    return { mkdir: await world.program('a').mkdir('/d') };
  },
  symptom: { mkdir: 'EEXIST' },
  sound: { mkdir: 0 },
};

const retryInProgress: Scenario = {
  id: 'retry-in-progress',
  row: 10,
  title: 'a removal runs twice, and takes a file that was made after it',
  layer,
  story: 'The disk is slow, the client sends REMOVE again while it runs, and the reply cache knows only what is done.',
  source: 'Linux, fs/nfsd/nfscache.c',
  remedy: 'entries for calls in progress',
  setting: {
    client: { timeo: 10 },
    disk: faultPlan(1)
      .rule('the disk is slow', 'filesystem', when.operation('UNLINK'), { kind: 'delay', ms: 1500 })
      .build(),
  },
  failing: { server: { replyCache: { ...on, inProgress: false } } },
  remedied: { server: { replyCache: on } },
  async run(world) {
    const a = world.program('a');
    await a.put('/f', 'first');
    await a.unlink('/f');
    await a.put('/f', 'second');
    await world.sleep(10_000);
    return { file: await world.program('b').get('/f') };
  },
  symptom: { file: 'ENOENT' },
  sound: { file: 'second' },
};

const falseCacheHit: Scenario = {
  id: 'false-cache-hit',
  row: 11,
  title: 'a write is acknowledged and never done',
  layer,
  story: "Two clients use the same transaction number, by which alone the reply cache knows calls: B gets A's reply.",
  source: 'Linux, fs/nfsd/nfscache.c (RC_CSUMLEN)',
  remedy: 'a key of transaction number, checksum, credential and address',
  setting: { sameXids: true, client: { writes: 'sync' } },
  failing: { server: { replyCache: { ...on, key: { call: 'xid', caller: 'none' } } } },
  remedied: { server: { replyCache: on } },
  async run(world) {
    const used = new Set<number>();
    const writes = { at: 'call', procedure: 'WRITE', nth: 'every' } as const;
    world.rule({
      ...writes,
      client: 'a',
      where: ({ xid }) => used.add(xid) !== undefined,
      fault: { kind: 'meanwhile', run: () => {} },
    });
    world.rule({
      ...writes,
      name: 'B writes with a transaction number of A',
      client: 'b',
      where: ({ xid }) => used.has(xid),
      fault: { kind: 'meanwhile', run: () => {} },
    });
    const seed = world.program('c');
    await seed.put('/of-a', '....');
    await seed.put('/of-b', '....');
    const written: Record<string, string | number> = {};
    for (const name of ['a', 'b']) {
      const program = world.program(name);
      const fd = await program.open(`/of-${name}`, O_RDWR);
      written[name] = await program.pwrite(fd, `of ${name}`);
    }
    return { ...written, file: await world.program('c').get('/of-b') };
  },
  clients: 3,
  symptom: { a: 4, b: 4, file: '....' },
  sound: { a: 4, b: 4, file: 'of b' },
};

const lateDuplicateWrite: Scenario = {
  id: 'late-duplicate-write',
  row: 12,
  title: 'older data comes back over newer',
  layer: 'reordering',
  story: 'A copy of a WRITE that was sent again arrives after a later WRITE of the same bytes, and runs.',
  source: 'RFC 1813, 4.5',
  remedy: 'a reply cache that still knows the call; sessions of NFSv4.1',
  failing: { server: { replyCache: { kind: 'off' } } },
  remedied: { server: { replyCache: on } },
  async run(world) {
    const a = world.program('a');
    world.rule({
      name: 'a copy of WRITE comes late',
      at: 'call',
      procedure: 'WRITE',
      fault: { kind: 'copy', ms: 3000 },
    });
    const fd = await a.open('/f');
    await a.pwrite(fd, 'old');
    await a.fsync(fd);
    await a.pwrite(fd, 'new');
    const fsync = await a.fsync(fd);
    await world.sleep(5000);
    return { fsync, file: await world.program('b').get('/f') };
  },
  symptom: { fsync: 0, file: 'old' },
  sound: { fsync: 0, file: 'new' },
};

const exclusiveRetry: Scenario = {
  id: 'exclusive-retry',
  row: 18,
  title: 'EEXIST for a file that this very open made',
  layer,
  story:
    'The reply to an EXCLUSIVE create is lost. It comes again, and the server has not kept the verifier that tells who made the file.',
  source: 'RFC 1813, 3.3.8',
  remedy: 'the verifier is stored with the file',
  setting: { server: { replyCache: { kind: 'off' } } },
  failing: { server: { replyCache: { kind: 'off' }, exclusive: 'forgotten' } },
  remedied: { server: { replyCache: { kind: 'off' }, exclusive: 'stored' } },
  async run(world) {
    world.rule({ name: 'the reply is lost', at: 'reply', procedure: 'CREATE', fault: { kind: 'break' } });
    const fd = await world.program('a').open('/lock', O_RDWR | O_CREAT | O_EXCL);
    return { open: fd < 0 ? 'EEXIST' : 'a descriptor' };
  },
  symptom: { open: 'EEXIST' },
  sound: { open: 'a descriptor' },
};

/** Rows 8 to 12 and 18: calls that come twice, late, or get another's reply. */
export const retransmission: readonly Scenario[] = [
  retryNewPort,
  retryAfterReboot,
  retryInProgress,
  falseCacheHit,
  lateDuplicateWrite,
  exclusiveRetry,
];
