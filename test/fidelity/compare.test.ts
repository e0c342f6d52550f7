import { describe, expect, test } from 'vitest';
import { compareRuns } from '../../src/fidelity/compare/difference.ts';
import { Listings } from '../../src/fidelity/compare/listings.ts';
import { Names } from '../../src/fidelity/compare/names.ts';
import type { Request, Transfer } from '../../src/fidelity/compare/requests.ts';
import { Results } from '../../src/fidelity/compare/results.ts';
import { toStream } from '../../src/fidelity/compare/stream.ts';
import type { ScriptRun } from '../../src/fidelity/index.ts';

const waited = (text: string, answer = 'done') => ({ text, answer, call: undefined });
const run = (part: Partial<ScriptRun>): ScriptRun => ({ waited: [], released: [], outcomes: [], ...part });
const outcome = (result: string, broken = false) => ({ call: 'p1 stat("/a")', result, broken });

describe('a difference is put down to', () => {
  test('nobody, where there is none', () => {
    expect(compareRuns(run({ waited: [waited('LOOKUP')] }), run({ waited: [waited('LOOKUP')] }))).toBeUndefined();
  });

  test('the kernel, where it asks for something else', () => {
    const found = compareRuns(run({ waited: [waited('LOOKUP')] }), run({ waited: [] }));
    expect(found).toMatchObject({ blame: 'kernel', in: 'request', real: 'LOOKUP', simulated: '(nothing)' });
  });

  test('the kernel, where it releases something else', () => {
    const found = compareRuns(run({ released: ['FORGET /a: 1'] }), run({ released: ['FORGET /a: 2'] }));
    expect(found).toMatchObject({ blame: 'kernel', in: 'released' });
  });

  test('the kernel, where it throws', () => {
    const found = compareRuns(run({ outcomes: [outcome('0')] }), run({ outcomes: [outcome('it broke', true)] }));
    expect(found).toMatchObject({ blame: 'kernel', in: 'result' });
  });

  test('the adapter, where the real side throws or lacks the call', () => {
    for (const real of [outcome('it broke', true), outcome('ENOSYS')])
      expect(compareRuns(run({ outcomes: [real] }), run({ outcomes: [outcome('0')] }))?.blame).toBe('adapter');
  });

  test('logic, where an answer differs before anything else does', () => {
    const real = run({ waited: [waited('LOOKUP', 'ENOENT'), waited('CREATE')] });
    const simulated = run({ waited: [waited('LOOKUP', 'found'), waited('OPEN')] });
    expect(compareRuns(real, simulated)).toMatchObject({ blame: 'logic', in: 'answer' });
  });

  test('logic, where the requests are the same and a result is not', () => {
    const found = compareRuns(run({ outcomes: [outcome('0')] }), run({ outcomes: [outcome('EIO')] }));
    expect(found).toMatchObject({ blame: 'logic', in: 'result', real: 'p1 stat("/a"): 0', simulated: 'EIO' });
  });

  test('nobody, where write-back has no times to hand on', () => {
    const times =
      'SETATTR /a, valid 0x460, fh h1, size 0, mode 0, uid 0, gid 0, atime 0.0, mtime now, ctime now, uid 0 gid 0';
    const real = run({ waited: [waited('WRITE'), waited('FLUSH')] });
    const simulated = run({ waited: [waited('WRITE'), waited(times), waited(times), waited('FLUSH')] });
    expect(compareRuns(real, simulated)).toBeUndefined();
    expect(compareRuns(real, run({ waited: [waited('WRITE'), waited(times.replace('0x460', '0x401'))] }))?.blame).toBe(
      'kernel',
    );
  });
});

const request = (op: string, node = '/a'): Request => ({ op, node, text: `${op} ${node}`, answer: 'done' });

function transfer(kind: Transfer['kind'], op: string, offset: number, bytes: number[], size = bytes.length): Request {
  const part: Transfer = { kind, offset, size, stream: `${op} /a h1 0x8002 1`, bytes: Uint8Array.from(bytes) };
  return { ...request(op), answer: `size ${bytes.length}`, transfer: part };
}

const texts = (requests: readonly Request[]): readonly string[] => toStream(requests).waited.map(({ text }) => text);

describe('a stream', () => {
  test('has writes from the cache by what they cover, until the next request that needs them', () => {
    const whole = texts([transfer('cached write', 'WRITE', 0, [1, 2, 3, 4]), request('GETATTR'), request('FLUSH')]);
    const parts = texts([
      request('GETATTR'),
      transfer('cached write', 'WRITE', 2, [3, 4]),
      transfer('cached write', 'WRITE', 0, [1, 2]),
      request('FLUSH'),
    ]);
    expect(parts).toEqual(whole);
    expect(whole[1]).toMatch(/^WRITE from the page cache \/a: \[0, 4\) 4 bytes/);
    expect(
      texts([transfer('cached write', 'WRITE', 0, [1, 2, 3, 5]), request('GETATTR'), request('FLUSH')]),
    ).not.toEqual(whole);
  });

  test('has direct transfers that follow each other as one', () => {
    const one = texts([transfer('direct', 'READ', 0, [1, 2, 3, 4])]);
    expect(texts([transfer('direct', 'READ', 0, [1, 2]), transfer('direct', 'READ', 2, [3, 4])])).toEqual(one);
    expect(texts([transfer('direct', 'READ', 0, [1, 2]), transfer('direct', 'READ', 3, [3, 4])])).toHaveLength(2);
  });

  test('does not tell how much was asked for behind the end of the file', () => {
    expect(texts([transfer('direct', 'READ', 0, [1, 2], 4096)])).toEqual(
      texts([transfer('direct', 'READ', 0, [1, 2], 8192)]),
    );
  });

  test('has what nobody waits for at its end, references by node', () => {
    const forget = (lookups: number): Request => ({ ...request('FORGET'), references: [{ node: '/a', lookups }] });
    const { waited: order, released } = toStream([forget(1), request('RELEASE'), request('LOOKUP'), forget(2)]);
    expect(order.map(({ text }) => text)).toEqual(['LOOKUP /a']);
    expect(released).toEqual(['FORGET /a: 3', 'RELEASE /a']);
  });
});

describe('listings of a foreign daemon', () => {
  test('are continued after so many entries, whatever their offsets are', () => {
    const listings = new Listings();
    listings.listed('/', 0, [700, 30]);
    listings.listed('/', 30, [900]);
    expect([0, 700, 30, 900].map((offset) => listings.count('/', offset))).toEqual([0, 1, 2, 3]);
    expect(listings.count('/d', 700)).toBe(700);
  });

  test('are the same in another order', () => {
    const results = (foreign: boolean) => new Results(new Names(foreign), () => false, foreign);
    const entry = (name: string, ino: number, offset: number) => ({ name, ino, type: 8, offset });
    const one = [entry('a', 10, 1), entry('b', 11, 2)];
    const other = [entry('b', 21, 500), entry('a', 20, 900)];
    expect(results(true).show(one)).toBe(results(true).show(other));
    expect(results(false).show(one)).not.toBe(results(false).show(other));
  });
});

describe('nodes', () => {
  test('are named by where they were found first, below the script', () => {
    const names = new Names();
    names.enter('7', 1);
    names.found(20, 1, '7');
    names.found(21, 20, 'd');
    names.found(22, 21, 'a');
    names.found(22, 20, 'b');
    names.found(23, 21, 'a');
    expect([1, 20, 21, 22, 23].map((node) => names.node(node))).toEqual(['(root)', '/', '/d', '/d/a', '/d/a#2']);
    expect(names.plain('/7/d')).toBe('/d');
    names.enter('8', 2);
    expect(names.isForeign(22)).toBe(true);
  });

  test('of a foreign daemon are named by their path, and anew when all references were given back', () => {
    const names = new Names(true);
    names.enter('7', 1);
    names.found(20, 1, '7');
    names.found(21, 20, 'a');
    names.found(21, 20, 'b');
    names.forgotten(21, 1);
    expect(names.node(21)).toBe('/a');
    names.forgotten(21, 1);
    expect(names.node(21)).toBe('(unknown node)');
    names.found(21, 20, 'b');
    names.found(22, 20, 'a');
    expect([21, 22].map((node) => names.node(node))).toEqual(['/b', '/a']);
  });
});
