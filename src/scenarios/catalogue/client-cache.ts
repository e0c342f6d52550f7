import { withoutCaches } from '../../nfs/index.ts';
import { errnoName, isError, O_APPEND, O_CREAT, O_RDONLY, O_WRONLY, type Stat } from '../../vfs/index.ts';
import type { Scenario } from '../scenario.ts';
import { argsOf, resultOf } from '../wire/message.ts';

const layer = 'client cache';

const appendRace: Scenario = {
  id: 'append-race',
  row: 19,
  title: 'a record of a log is lost',
  layer: 'client',
  story: 'O_APPEND writes go to the end of the file as the client last heard of it, and NFSv3 has no append.',
  source: 'open(2)',
  remedy: 'the size is asked for right before each append; a lock where that is not enough',
  failing: { client: { habits: { append: 'cached-size' } } },
  remedied: { client: { habits: { append: 'asked-size' } } },
  async run(world) {
    const [a, b] = [world.program('a'), world.program('b')];
    const flags = O_WRONLY | O_CREAT | O_APPEND;
    const inA = await a.open('/log', flags);
    await a.write(inA, 'AAAA');
    await a.fsync(inA);
    await world.strike('B appends to the same file', async () => {
      const inB = await b.open('/log', flags);
      await b.write(inB, 'BBBB');
      return b.close(inB);
    });
    await a.write(inA, 'CCCC');
    await a.close(inA);
    return { log: await b.get('/log') };
  },
  symptom: { log: 'AAAACCCC' },
  sound: { log: 'AAAABBBBCCCC' },
};

const closeToOpen: Scenario = {
  id: 'close-to-open',
  row: 20,
  title: 'an open file shows old data',
  layer,
  story: 'Data is compared with the server when a file is opened, and not again.',
  source: 'nfs(5), close-to-open cache consistency',
  remedy: 'direct I/O, a lock, or opening the file again',
  remedied: { mount: { directIo: true } },
  async run(world) {
    const [a, b] = [world.program('a'), world.program('b')];
    await b.put('/f', 'old');
    const fd = await a.open('/f', O_RDONLY);
    const before = await a.pread(fd);
    await world.strike('B writes and closes the file', () => b.put('/f', 'new'));
    return { before, after: await a.pread(fd) };
  },
  symptom: { before: 'old', after: 'old' },
  sound: { before: 'old', after: 'new' },
};

const attributeCache: Scenario = {
  id: 'attribute-cache',
  row: 21,
  title: 'stat tells old attributes',
  layer,
  story: 'Attributes are believed for 3 to 60 seconds.',
  source: 'nfs(5), acregmin',
  remedy: 'noac',
  remedied: { client: withoutCaches },
  async run(world) {
    const [a, b] = [world.program('a'), world.program('b')];
    await b.put('/f', 'x');
    const before = await a.field('/f', 'nlink');
    await world.strike('B makes a link', () => b.link('/f', '/g'));
    return { before, after: await a.field('/f', 'nlink') };
  },
  symptom: { before: 1, after: 1 },
  sound: { before: 1, after: 2 },
};

const negativeLookup: Scenario = {
  id: 'negative-lookup',
  row: 22,
  title: 'a file that is there cannot be seen',
  layer,
  story: 'That a name does not exist is remembered, until the directory is asked for again.',
  source: 'nfs(5), lookupcache',
  remedy: 'lookupcache=positive',
  failing: { client: { lookupcache: 'all' } },
  remedied: { client: { lookupcache: 'positive' } },
  async run(world) {
    const [a, b] = [world.program('a'), world.program('b')];
    const before = await a.sees('/f');
    await world.strike('B makes the file', () => b.put('/f', 'x'));
    return { before, after: await a.sees('/f') };
  },
  symptom: { before: 'ENOENT', after: 'ENOENT' },
  sound: { before: 'ENOENT', after: true },
};

const mtimeGranularity: Scenario = {
  id: 'mtime-granularity',
  row: 23,
  title: 'old data for ever',
  layer,
  story: 'The file changes again within the same tick of the server: no time tells that what is cached is old.',
  source: 'Linux, Documentation/filesystems/multigrain-ts.rst',
  remedy: 'timestamps that tell changes apart; a change attribute',
  failing: { serverTick: 1e9 },
  remedied: { serverTick: 1 },
  async run(world) {
    const [a, b] = [world.program('a'), world.program('b')];
    await b.put('/f', 'old');
    const before = await a.get('/f');
    await world.strike('B writes within the same tick', () => b.put('/f', 'new'));
    await world.sleep(3_600_000);
    return { before, 'an hour later': await a.get('/f') };
  },
  symptom: { before: 'old', 'an hour later': 'old' },
  sound: { before: 'old', 'an hour later': 'new' },
};

const estaleUntilLs: Scenario = {
  id: 'estale-until-ls',
  row: 37,
  title: 'ESTALE for a path that is valid, until somebody lists the directory',
  layer: 'client bug',
  story:
    'The client keeps a name whose handle is stale, and does not look it up again. (The report is of NFSv4.0; here version 3 does the same.)',
  source: 'the GitLab report of 2018-11-14',
  remedy: 'what is stale is looked up again, once',
  failing: { client: { habits: { stale: 'kept-until-listing' } } },
  remedied: { client: { habits: { stale: 'looked-up-again' } } },
  async run(world) {
    const [a, b] = [world.program('a'), world.program('b')];
    await b.put('/f', 'old');
    await a.open('/f', O_RDONLY);
    await world.strike('B replaces the file', async () => {
      await b.put('/n', 'new');
      return b.rename('/n', '/f');
    });
    await world.sleep(20_000);
    const before = await a.sees('/f');
    const ls = await a.list('/');
    return { before, ls, after: await a.sees('/f') };
  },
  symptom: { before: 'ESTALE', ls: ['f'], after: true },
  sound: { before: true, ls: ['f'], after: true },
};

const oneBadFsid: Scenario = {
  id: 'one-bad-fsid',
  row: 38,
  title: 'ESTALE, because one reply named another filesystem',
  layer: 'server race',
  story: 'One GETATTR carries fsid 0. The client takes the file for one of another filesystem.',
  source: 'nfs-ganesha issue 1319',
  remedy: 'a client that does not believe it; a lock in the server',
  failing: { client: { habits: { fsid: 'believed' } } },
  remedied: { client: { habits: { fsid: 'ignored' } } },
  async run(world) {
    const a = world.program('a');
    await a.put('/f', 'x');
    const fd = await a.open('/f', O_RDONLY);
    world.rule({
      name: 'a reply has fsid 0',
      at: 'reply',
      procedure: 'GETATTR',
      fault: {
        kind: 'answer',
        with: (reply) => {
          const result = resultOf(reply, 'GETATTR');
          return result?.status === 'OK' ? { ...result, attributes: { ...result.attributes, fsid: 0 } } : result;
        },
      },
    });
    await world.sleep(120_000);
    const found = await a.call({ op: 'fstat', fd });
    return { fstat: isError(found) ? errnoName(-found) : (found as Stat).size };
  },
  symptom: { fstat: 'ESTALE' },
  sound: { fstat: 1 },
};

const readdirplusAttributeStorm: Scenario = {
  id: 'readdirplus-attr-storm',
  row: 40,
  title: 'the size of a file goes backwards',
  layer,
  story:
    'The attributes in a listing that was asked for before a write come after those of the write, and overwrite them.',
  source: 'RFC 1813, 3.3.17',
  remedy: 'attributes are ordered by change time, and by when they were asked for',
  setting: { mount: { readdirplus: true } },
  failing: { client: { habits: { lateAttributes: 'taken' } } },
  remedied: { client: { habits: { lateAttributes: 'refused' } } },
  async run(world) {
    const [a, other] = [world.program('a'), world.program('a')];
    await a.put('/f', 'abc');
    world.rule({
      name: 'a listing comes late',
      at: 'reply',
      procedure: 'READDIRPLUS',
      where: (message) => argsOf(message, 'READDIRPLUS')?.cookie === 0,
      fault: { kind: 'delay', ms: 1000 },
    });
    const directory = await other.open('/', O_RDONLY);
    const listing = other.begin({ op: 'getdents', fd: directory, size: 4096 });
    await world.sleep(500);
    const fd = await a.open('/f', O_WRONLY);
    await a.pwrite(fd, 'abcdef');
    await a.close(fd);
    const before = await a.field('/f', 'size');
    await other.end(listing);
    return { before, after: await a.field('/f', 'size') };
  },
  symptom: { before: 6, after: 3 },
  sound: { before: 6, after: 6 },
};

/** Rows 19 to 23, 37, 38 and 40: what a client remembers. */
export const clientCache: readonly Scenario[] = [
  appendRace,
  closeToOpen,
  attributeCache,
  negativeLookup,
  mtimeGranularity,
  estaleUntilLs,
  oneBadFsid,
  readdirplusAttributeStorm,
];
