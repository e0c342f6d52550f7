import { expect, test } from 'vitest';
import { Choices, type Segment } from '../../../src/sim/index.ts';
import { damage } from '../../../src/sim/network/index.ts';
import { connected } from './harness.ts';

const send = (count: number) => Array.from({ length: count }, (_, i) => Buffer.from(`message ${i}`));
const received = (log: readonly string[]) => log.map((line) => line.split(': ')[1]);
const inOrder = send(20).map(String);

test('drawn latencies differ from segment to segment, keep the order, and belong to the seed', async () => {
  const runs = await Promise.all(
    [1, 1, 2].map(async (seed) => {
      const { near, timers, log } = await connected({ latency: { exponential: 5 }, choices: new Choices({ seed }) });
      for (const data of send(20)) near.write(data);
      await timers.run();
      expect(received(log)).toEqual(inOrder);
      return log;
    }),
  );
  expect(new Set(runs[0].map((line) => line.split(' ')[0])).size).toBeGreaterThan(2);
  expect(runs[0]).toEqual(runs[1]);
  expect(runs[0]).not.toEqual(runs[2]);
});

test('a lost segment comes 200 ms later, and those behind it with it', async () => {
  const lost = ({ number, attempt }: Segment) => (number === 2 && attempt === 0 ? 'lost' : undefined);
  const { near, timers, log } = await connected({ latency: 5, wire: lost });
  for (const data of send(3)) near.write(data);
  await timers.run();
  expect(log).toEqual(['15 server: message 0', '215 server: message 1', '215 server: message 2']);
});

test('with losses everything arrives once and in order', async () => {
  const { near, timers, log } = await connected({ latency: 5, loss: 0.3, choices: new Choices({ seed: 3 }) });
  for (const data of send(20)) near.write(data);
  await timers.run();
  expect(received(log)).toEqual(inOrder);
  expect(timers.now).toBeGreaterThan(200);
});

test('where everything is lost the sender gives up in the end', async () => {
  const { near, timers, log } = await connected({ latency: 5, wire: () => 'lost' });
  near.write(Buffer.from('x'));
  await timers.run();
  expect(log).toEqual([`${timers.now} client closed: connection timed out`]);
  expect(timers.now).toBeGreaterThan(600_000);
});

test('a damage that keeps the checksum arrives; one that does not is a delay', async () => {
  for (const [kind, arrived] of [
    ['swap-words', '15 server: cdabef'],
    ['flip', '215 server: abcdef'],
  ] as const) {
    const wire = ({ data, attempt }: Segment) => (attempt === 0 ? damage(data, { kind, at: 0 }) : undefined);
    const { near, timers, log } = await connected({ latency: 5, wire });
    near.write(Buffer.from('abcdef'));
    await timers.run();
    expect(log).toEqual([arrived]);
  }
});

test('damages that a link makes by chance arrive where the checksum does not tell', async () => {
  const options = { latency: 5, damage: { probability: 0.5, kind: 'flip-pair' } } as const;
  const { near, timers, log } = await connected({ ...options, choices: new Choices({ seed: 1 }) });
  for (const data of send(200)) near.write(data);
  await timers.run();
  const damaged = received(log).filter((text, i) => text !== `message ${i}`);
  expect(damaged.length).toBeGreaterThan(60);
  expect(damaged.length).toBeLessThan(140);
});

test('a partition holds everything up until it heals', async () => {
  const { near, timers, network, log } = await connected({ latency: 5 });
  network.partition('client', 'server');
  near.write(Buffer.from('patient'));
  timers.after(1000, () => network.heal('server', 'client'));
  await timers.run();
  expect(log).toEqual(['1415 server: patient']);
});

test('who connects over a partition is told after two minutes', async () => {
  const { timers, network } = await connected();
  network.partition('client', 'server');
  const timedOut = expect(network.from('client').connect('server', 2049)).rejects.toMatchObject({ code: 'ETIMEDOUT' });
  await timers.run();
  await timedOut;
  expect(timers.now).toBe(127_010);
});

test('a host that goes down with a reset tells its peers', async () => {
  const { timers, network, log } = await connected({ latency: 5 });
  network.crash('server', 'reset');
  await timers.run();
  expect(log).toContain('15 client closed: connection reset');
});

test('a host that goes down in silence is found out when it is up again', async () => {
  const { near, timers, network, log } = await connected({ latency: 5 });
  network.crash('server', 'silent');
  near.write(Buffer.from('anybody there'));
  timers.after(1000, () => network.restart('server'));
  await timers.run();
  expect(log).toEqual(['10 server closed: the host went down', '1420 client closed: connection reset']);
  const again = network.from('client').connect('server', 2049);
  await timers.run();
  expect((await again).remotePort).toBe(2049);
});

test('two hosts can have a link of their own', async () => {
  const { timers, network } = await connected({ latency: 5 });
  network.link('far away', 'server', { latency: 150 });
  const before = timers.now;
  const connecting = network.from('far away').connect('server', 2049);
  await timers.run();
  await connecting;
  expect(timers.now - before).toBe(300);
});
