import { execFile, execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { nodeEnvironment } from '../../../src/env/index.ts';
import { FaultEngine, type Rule } from '../../../src/fault/index.ts';
import { decodeResult, type NfsResult, nfs, parseNfsUrl, readReply } from '../../../src/nfs/index.ts';
import { NfsProxy } from '../../../src/proxy/index.ts';
import { TestClient } from '../../nfs/harness.ts';
import { type CliProcess, startCli } from '../../support/cli.ts';
import { Ganesha, whyNoGanesha } from '../../support/ganesha.ts';
import { directoryTest } from '../../support/work-directory.ts';

const running: CliProcess[] = [];

afterEach(async () => {
  for (const { child, ended } of running.splice(0)) {
    child.kill('SIGTERM');
    await ended;
  }
});

async function start(
  args: readonly string[],
  said: RegExp,
): Promise<{ readonly process: CliProcess; readonly port: string }> {
  const process = startCli(args);
  running.push(process);
  await expect.poll(process.output, { timeout: 30_000 }).toMatch(said);
  return { process, port: said.exec(process.output())?.[1] ?? '' };
}

/** A server of `ram` and a proxy in front of it; gives what makes URLs for libnfs of paths, past the proxy or not. */
async function proxied(directory: string, rules: string) {
  const plan = join(directory, 'plan.yaml');
  writeFileSync(plan, rules);
  const server = await start(['serve', 'nfs', 'ram', '--port', '0'], /on 127\.0\.0\.1:(\d+);/);
  const proxy = await start(
    ['nfs', 'proxy', '--listen', '0', '--to', `127.0.0.1:${server.port}`, '--faults', plan, '-v'],
    /relaying 127\.0\.0\.1:(\d+) /,
  );
  const through = (port: string) => (path: string) =>
    `nfs://127.0.0.1/export/${path}?nfsport=${port}&mountport=${port}&version=3`;
  return { proxy: proxy.process, url: through(proxy.port), direct: through(server.port) };
}

const tool = (name: string, ...args: readonly string[]): Buffer =>
  execFileSync(name, args, { timeout: 60_000, maxBuffer: 64 << 20, stdio: ['ignore', 'pipe', 'pipe'] });

const content = Buffer.from(Uint8Array.from({ length: 3_000_001 }, (_, i) => (i * 7 + (i >> 8)) & 0xff));

describe("libnfs' tools through the proxy", () => {
  directoryTest(
    'copy there and back whatever is late, doubled, overtaken, or lost with its connection',
    async ({ directory }) => {
      const { proxy, url } = await proxied(
        directory,
        `rules:
  - { name: late, where: rpc-call, when: { operation: [LOOKUP, WRITE], every: 2 }, what: { kind: delay, ms: { uniform: [1, 20] } } }
  - { name: late copy, where: rpc-call, when: { operation: WRITE, path: /export/big, every: 2 }, what: { kind: duplicate, ms: 10 } }
  - { name: answered twice, where: rpc-reply, when: { operation: READ, nth: 1 }, what: { kind: duplicate } }
  - { name: overtaken, where: rpc-reply, when: { operation: READ, nth: 2 }, what: { kind: reorder, window: 1, ms: 50 } }
  - { name: another port, where: rpc-reply, when: { operation: CREATE, nth: 1 }, what: { kind: reconnect } }
  - { name: cut, where: rpc-reply, when: { operation: WRITE, nth: 2 }, what: { kind: reset } }
  - { name: never, where: rpc-call, when: { operation: SYMLINK }, what: { kind: drop } }
`,
      );
      const [local, back] = [join(directory, 'local'), join(directory, 'back')];
      writeFileSync(local, content);
      tool('nfs-cp', local, url('big'));
      tool('nfs-cp', url('big'), back);
      expect(readFileSync(back).equals(content)).toBe(true);
      expect(tool('nfs-cat', url('big')).equals(content)).toBe(true);
      proxy.child.kill('SIGTERM');
      const { code, stdout, stderr } = await proxy.ended;
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toMatch(/-> xid \d+ WRITE "\/export\/big" offset 0 count \d+/);
      const report = stdout.trim().split('\n').slice(-7);
      expect(report.map((line) => line.replace(/fired \d+ times/, 'fired')).sort()).toEqual([
        'rule "another port": fired once',
        'rule "answered twice": fired once',
        'rule "cut": fired once',
        'rule "late copy": fired',
        'rule "late": fired',
        'rule "never": armed, never fired',
        'rule "overtaken": fired once',
      ]);
    },
  );

  directoryTest('wait without end for a reply that is dropped, and it was done', async ({ directory }) => {
    const rule = `{ name: lost, where: rpc-reply, when: { operation: WRITE, nth: 1 }, what: { kind: drop } }`;
    const { proxy, url, direct } = await proxied(directory, `rules: [${rule}]`);
    const local = join(directory, 'local');
    writeFileSync(local, 'all of it');
    const copy = execFile('nfs-cp', [local, url('small')], { timeout: 60_000 });
    await expect
      .poll(proxy.output, { timeout: 30_000 })
      .toContain('fault "lost": drop at rpc-reply, WRITE "/export/small"');
    expect(copy.exitCode).toBeNull();
    const ended = new Promise((resolve) => copy.once('close', resolve));
    copy.kill('SIGKILL');
    await ended;
    expect(tool('nfs-cat', direct('small')).toString()).toBe('all of it');
  });

  directoryTest('take other bits for data: nothing of NFSv3 tells', async ({ directory }) => {
    const rule = `{ name: rot, where: rpc-call, when: { operation: WRITE }, what: { kind: bit-flip, bits: 3 } }`;
    const { url } = await proxied(directory, `rules: [${rule}]`);
    const local = join(directory, 'local');
    writeFileSync(local, content.subarray(0, 1000));
    tool('nfs-cp', local, url('rotten'));
    const read = tool('nfs-cat', url('rotten'));
    expect(read).toHaveLength(1000);
    expect(read.filter((byte, i) => byte !== content[i]).length).toBeGreaterThan(0);
  });

  it('end with their server, and the proxy stays', async () => {
    const proxy = await start(['nfs', 'proxy', '--listen', '0', '--to', '127.0.0.1:1'], /relaying 127\.0\.0\.1:(\d+) /);
    const url = `nfs://127.0.0.1/export/f?nfsport=${proxy.port}&mountport=${proxy.port}&version=3`;
    expect(() => tool('nfs-cat', url)).toThrow();
    expect(proxy.process.child.exitCode).toBeNull();
  });
});

const why = whyNoGanesha();
if (why !== undefined) {
  if (process.env.CI === 'true') throw new Error(why);
  console.log(`skipped: nfs-ganesha: ${why}`);
}

describe.skipIf(why !== undefined)('nfs-ganesha, behind the proxy', () => {
  let ganesha: Ganesha;
  const ends: (() => void)[] = [];
  beforeAll(async () => {
    ganesha = await Ganesha.start();
  }, 90_000);
  afterEach(() => {
    for (const end of ends.splice(0)) end();
  });
  afterAll(async () => {
    await ganesha?.stop();
  });

  /** A client of the export, with a rule of the proxy in between. */
  async function connect(rule: Rule) {
    const { host, port, mountport, path } = parseNfsUrl(ganesha.url());
    const environment = nodeEnvironment();
    const faults = new FaultEngine({ rules: [rule] }, { now: () => environment.clock.monotonic() / 1e6 });
    const proxy = new NfsProxy(environment, { to: { host, port }, mountTo: { host, port: mountport ?? port }, faults });
    ends.push(() => proxy.close());
    const taken = await proxy.listen('127.0.0.1', 0);
    const client = new TestClient(await environment.network.connect('127.0.0.1', taken));
    return { client, root: await client.root(path), faults };
  }

  const lost = (kind: 'drop' | 'reconnect'): Rule => ({
    name: 'lost',
    where: 'rpc-reply',
    when: { operation: ['REMOVE', 'RENAME'] },
    what: { kind },
    times: 1,
  });

  const procedures = ['REMOVE', 'RENAME'] as const;
  type Procedure = (typeof procedures)[number];

  /** The bytes of a call that takes `f` away. */
  function encode(client: TestClient, root: Uint8Array, procedure: Procedure, xid: number): Uint8Array {
    const at = (name: string) => ({ dir: root, name });
    return procedure === 'REMOVE'
      ? client.encode('REMOVE', { object: at('f') }, xid)
      : client.encode('RENAME', { from: at('f'), to: at('g') }, xid);
  }

  const answerTo = async (client: TestClient, xid: number, procedure: Procedure): Promise<string> => {
    const record = () => client.replies.find((each) => new DataView(each.buffer, each.byteOffset).getUint32(0) === xid);
    await expect.poll(() => record() !== undefined, { timeout: 10_000 }).toBe(true);
    return (decodeResult(nfs, procedure, readReply(record() as Uint8Array).results) as NfsResult<Procedure>).status;
  };

  it.each(procedures)(
    '%s, sent again over the same connection, is answered from the reply cache',
    async (procedure) => {
      const { client, root, faults } = await connect(lost('drop'));
      await client.create(root, 'f');
      const call = encode(client, root, procedure, 4242);
      client.send(call);
      await expect.poll(() => faults.report()[0].injected).toBe(1);
      client.send(call);
      expect(await answerTo(client, 4242, procedure)).toBe('OK');
    },
  );

  it.each(procedures)('%s, sent again from another port, runs again and fails', async (procedure) => {
    const { client, root, faults } = await connect(lost('reconnect'));
    await client.create(root, 'f');
    client.send(encode(client, root, procedure, 4343));
    expect(await answerTo(client, 4343, procedure)).toBe('NOENT');
    expect(faults.report()[0].injected).toBe(1);
  });

  it.each([
    [60, 'NEW'],
    [100, 'OLD'],
  ])('a WRITE that comes again after %i others leaves %s', async (others, text) => {
    const operation = 'WRITE' as const;
    const { client, root, faults } = await connect({
      name: 'again',
      where: 'rpc-call',
      when: { operation: 'COMMIT' },
      what: { kind: 'replay', operation, back: 2 },
    });
    const file = await client.create(root, `written-${others}`);
    await client.write(file, 'OLD');
    await client.write(file, 'NEW');
    for (let i = 0; i < others; i++) await client.nfs('SETATTR', { object: file, newAttributes: { mode: 0o600 } });
    await client.nfs('COMMIT', { file, offset: 0, count: 0 });
    expect(await client.read(file)).toBe(text);
    expect(faults.report()[0].injected).toBe(1);
  });
});
