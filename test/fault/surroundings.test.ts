import { expect, test } from 'vitest';
import type { Connection } from '../../src/env/index.ts';
import { checkPlan, FaultEngine, faultyEnvironment, type Rule } from '../../src/fault/index.ts';
import { SeededRandom, SimEnvironment, VirtualClock } from '../../src/sim/index.ts';

function surroundings(...rules: Omit<Rule, 'name'>[]) {
  const clock = new VirtualClock();
  const told: string[] = [];
  const plan = checkPlan({ rules: rules.map((rule, i) => ({ name: `${i + 1}`, ...rule })) });
  const engine = new FaultEngine(plan, {
    now: () => clock.nanoseconds / 1e6,
    observe: ({ kind, detail }) => told.push(`${kind} ${detail}`.trim()),
  });
  const host = new SimEnvironment(clock, new SeededRandom(1));
  const slept: number[] = [];
  const environment = faultyEnvironment(host, engine, (ms) => slept.push(ms));
  /** Lets time and promises go on until nothing happens any more. */
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (clock.nextTimer === Number.POSITIVE_INFINITY) continue;
      clock.nanoseconds = Math.max(clock.nanoseconds, clock.nextTimer);
      clock.takeDue()?.callback();
    }
  };
  return { clock, told, environment, host, slept, settle };
}

const sectors = (text: string): Uint8Array => new Uint8Array(text.length * 512).map((_, i) => text.charCodeAt(i >> 9));
const firsts = (data: Uint8Array): string => String.fromCharCode(...data.filter((_, i) => i % 512 === 0));

test('a disk: errors, slowness, spoilt and misdirected sectors, lost writes', () => {
  const { environment, told, slept } = surroundings(
    { where: 'disk', when: { operation: 'disk-read', nth: 3 }, what: { kind: 'errno', errno: 'EIO' } },
    { where: 'disk', when: { operation: 'disk-read', nth: 1 }, what: { kind: 'delay', ms: 8 } },
    { where: 'disk', when: { operation: 'disk-write', nth: 2 }, what: { kind: 'torn', size: 512 } },
    { where: 'disk', when: { operation: 'disk-write', nth: 3 }, what: { kind: 'misdirect', by: 2 } },
    { where: 'disk', when: { operation: 'disk-write', nth: 4 }, what: { kind: 'lost-write' } },
    {
      where: 'disk',
      when: { operation: 'disk-read', nth: 2 },
      what: { kind: 'range', offset: 0, length: 1, fill: 33 },
    },
    { where: 'disk', when: { operation: 'disk-write', offset: { from: 512 * 8 } }, what: { kind: 'zero-sector' } },
  );
  const disk = environment.disk('d', 512 * 16);
  const read = (sector: number, count: number): string => {
    const into = new Uint8Array(512 * count);
    disk.read(sector, into);
    return firsts(into);
  };
  disk.write(0, sectors('abcd'));
  expect(read(0, 4)).toBe('abcd');
  expect(slept).toEqual([8]);
  disk.write(0, sectors('ABCD'));
  expect(read(0, 4)).toMatch(/^!(bcd|Bcd|BCd)$/);
  expect(() => read(0, 1)).toThrow(expect.objectContaining({ code: 'EIO' }));
  disk.write(4, sectors('mm'));
  expect(read(4, 4)).toBe('\0\0mm');
  disk.write(4, sectors('l'));
  expect(read(4, 1)).toBe('\0');
  disk.write(8, sectors('z'));
  expect(read(8, 1)).toBe('\0');
  expect(told).toHaveLength(7);
});

test('a power cut loses what was not flushed, and a flush may have lied', () => {
  const { environment, told } = surroundings(
    { where: 'disk', when: { operation: 'disk-flush', nth: 2 }, what: { kind: 'flush-lies' } },
    { where: 'disk', when: { operation: 'disk-read', nth: 1 }, what: { kind: 'power-cut' } },
  );
  const disk = environment.disk('d', 512 * 4);
  disk.write(0, sectors('a'));
  disk.flush();
  disk.write(1, sectors('b'));
  disk.flush();
  const into = new Uint8Array(1024);
  expect(() => disk.read(0, into)).toThrow(expect.objectContaining({ code: 'EIO' }));
  disk.read(0, into);
  expect(firsts(into)).toBe('a\0');
  expect(told).toEqual(['flush-lies', 'power-cut nothing kept']);
});

/** Connects the client to a server on it, sends, and gives what arrived there. */
async function sent(rules: readonly Omit<Rule, 'name'>[], ...messages: string[]) {
  const { environment, host, settle, told, clock } = surroundings(...rules);
  const arrived: string[] = [];
  let closed: Error | undefined | 'open' = 'open';
  await host.hosts.from('server').listen('server', 80, (connection) => {
    connection.onData((data) => arrived.push(new TextDecoder().decode(data)));
    connection.onClose((error) => {
      closed = error;
    });
  });
  const start = clock.nanoseconds;
  const connecting = environment.network.connect('server', 80).then(
    (connection): Connection | Error => connection,
    (error: Error) => error,
  );
  await settle();
  const connection = await connecting;
  if ('write' in connection) for (const message of messages) connection.write(new TextEncoder().encode(message));
  await settle();
  const error = connection instanceof Error ? connection : undefined;
  return { arrived, told, closed, error, took: (clock.nanoseconds - start) / 1e6 };
}

const send = { operation: 'send' } as const;

test('a network: lost, late, twice, spoilt and out of order', async () => {
  const nth = { ...send, nth: 1 };
  const cases: readonly (readonly [Rule['what'], readonly string[]])[] = [
    [{ kind: 'drop' }, ['b', 'c']],
    [{ kind: 'delay', ms: 50 }, ['a', 'b', 'c']],
    [{ kind: 'duplicate', ms: 20 }, ['a', 'b', 'c', 'a']],
    [{ kind: 'range', offset: 0, length: 1, fill: 33 }, ['!', 'b', 'c']],
    [{ kind: 'reorder', window: 1 }, ['b', 'a', 'c']],
  ];
  for (const [what, expected] of cases) {
    const { arrived } = await sent([{ where: 'network', when: nth, what } as Omit<Rule, 'name'>], 'a', 'b', 'c');
    expect(arrived).toEqual(expected);
  }
});

test('a network: slow to connect, refused, cut off', async () => {
  const connect = { operation: 'connect', host: 'server', port: 80 } as const;
  const slow = await sent([{ where: 'network', when: connect, what: { kind: 'delay', ms: 500 } }], 'a');
  expect(slow.arrived).toEqual(['a']);
  expect(slow.took).toBeGreaterThanOrEqual(500);
  const refused = await sent([{ where: 'network', when: connect, what: { kind: 'refuse' } }]);
  expect(refused.error).toMatchObject({ code: 'ECONNREFUSED' });
  const cut = await sent([{ where: 'network', when: { ...send, nth: 2 }, what: { kind: 'reset' } }], 'a', 'b', 'c');
  expect(cut.arrived).toEqual(['a']);
  expect(cut.closed).toMatchObject({ code: 'ECONNRESET' });
});
