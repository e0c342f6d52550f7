import { expect, test } from 'vitest';
import { connected } from './harness.ts';

test('a connection knows both its ends', async () => {
  const { near, far } = await connected();
  expect([near.remoteAddress, near.remotePort]).toEqual(['server', 2049]);
  expect([far.remoteAddress, far.remotePort, far.localPort]).toEqual(['client', near.localPort, 2049]);
});

test('data arrives in order, as it was, after the latency', async () => {
  const { timers, near, far, log } = await connected({ latency: 5 });
  const data = Buffer.from('one');
  near.write(data);
  data.fill(0);
  near.write(Buffer.from('two'));
  far.write(Buffer.from('three'));
  await timers.run();
  expect(log).toEqual(['15 server: one', '15 server: two', '15 client: three']);
});

test('an end comes behind the data, and closes both sides', async () => {
  const { timers, near, log } = await connected({ latency: 5 });
  near.write(Buffer.from('last'));
  near.end();
  near.write(Buffer.from('too late'));
  await timers.run();
  expect(log).toEqual(['15 server: last', '15 server closed', '20 client closed']);
});

test('a destroyed connection is reset for the other side', async () => {
  const { timers, far, log } = await connected({ latency: 5 });
  far.destroy();
  await timers.run();
  expect(log).toEqual(['10 server closed', '15 client closed: connection reset']);
});

test('what nobody listens to is refused, and a port is taken once', async () => {
  const { timers, network, listener } = await connected();
  await expect(network.from('x').listen('server', 2049, () => {})).rejects.toMatchObject({ code: 'EADDRINUSE' });
  listener.close();
  const refused = expect(network.from('x').connect('server', 2049)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await timers.run();
  await refused;
});
