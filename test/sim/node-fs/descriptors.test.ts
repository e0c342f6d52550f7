import fc from 'fast-check';
import { expect, test } from 'vitest';
import { able, caches, forms, onHost, type Place, shape, simulated } from './oracle.ts';

/** One call on a descriptor, of those that are open, or on a path. `slot` picks the descriptor. */
interface DescriptorStep {
  readonly name: string;
  readonly form: 'sync' | 'callback';
  readonly slot?: number;
  readonly parameters: readonly unknown[];
}

const flags = fc.constantFrom('r', 'r+', 'w', 'w+', 'wx', 'a', 'a+', 'ax+', 'rs+', 0o102, 'zz', null);
const small = fc.nat(12);
const position = fc.oneof(fc.constant(null), small, fc.bigInt(-1n, 12n), fc.constantFrom(undefined, -1, 2 ** 53, 'x'));
const place = fc.constantFrom('@/a', '@/b', '@/d', '@/d/c', '@/nope/x');
const text = fc.constantFrom('', 'a', 'hello', '\u00e9\u00e8', 'ff');
const views = fc.array(fc.constantFrom(1, 3, 5), { maxLength: 3 });
const time = fc.constantFrom(0, 1.5, 1234567890.123456, '12', new Date(99_999), -1);
const bytes = (length: number) => Buffer.alloc(length, 0x2e);

const onPath: fc.Arbitrary<readonly [string, ...unknown[]]> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constant('open'), place, flags, fc.constantFrom(0o600, '644', undefined)) },
  fc.tuple(fc.constant('unlink'), place),
  fc.tuple(fc.constant('rename'), place, place),
  fc.tuple(fc.constant('truncate'), place, small),
  fc.tuple(fc.constant('utimes'), place, fc.constantFrom(0, 1.5, '12'), fc.constantFrom(7.25, new Date(99_999))),
  fc.tuple(fc.constant('stat'), place),
  fc.tuple(fc.constant('readFile'), place, fc.constantFrom('utf8', 'hex', undefined)),
);

const onDescriptor: fc.Arbitrary<readonly [string, ...unknown[]]> = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(fc.constant('read'), fc.nat(8).map(bytes), fc.nat(9), fc.nat(9), position) },
  fc.tuple(
    fc.constant('read'),
    fc.nat(8).map(bytes),
    fc.record({ offset: fc.nat(3), position }, { requiredKeys: [], noNullPrototype: true }),
  ),
  { weight: 3, arbitrary: fc.tuple(fc.constant('write'), fc.nat(8).map(bytes), fc.nat(9), fc.nat(9), position) },
  fc.tuple(fc.constant('write'), text, position, fc.constantFrom('utf8', 'hex', 'latin1', undefined)),
  fc.tuple(
    fc.constant('readv'),
    views.map((all) => all.map(bytes)),
    fc.constantFrom(null, 2),
  ),
  fc.tuple(
    fc.constant('writev'),
    views.map((all) => all.map(bytes)),
    fc.constantFrom(null, 2),
  ),
  fc.tuple(fc.constantFrom('ftruncate'), fc.constantFrom(0, 3, 9, -1, undefined, 1.5)),
  fc.tuple(fc.constantFrom('fsync', 'fdatasync', 'close', 'fstat')),
  fc.tuple(fc.constant('fchmod'), fc.constantFrom(0o640, '600', 'x')),
  fc.tuple(fc.constant('fchown'), fc.constantFrom(-1, 12), fc.constantFrom(-1, 13, -2)),
  fc.tuple(fc.constant('futimes'), fc.constantFrom(0, 1.5), time),
  fc.tuple(fc.constant('readFile'), fc.constantFrom('latin1', undefined)),
  // Only the callback form of Node writes what is empty.
  fc.tuple(fc.constantFrom('writeFile', 'appendFile'), fc.constantFrom('a', 'hello')),
);

const formOf = fc.constantFrom('sync' as const, 'callback' as const);
const step: fc.Arbitrary<DescriptorStep> = fc.oneof(
  fc.tuple(onPath, formOf).map(([[name, ...parameters], how]) => ({ name, form: how, parameters })),
  {
    weight: 2,
    arbitrary: fc
      .tuple(onDescriptor, formOf, fc.nat(3))
      .map(([[name, ...parameters], how, slot]) => ({ name, form: how, slot, parameters })),
  },
);

async function run(at: Place, steps: readonly DescriptorStep[]): Promise<unknown[]> {
  const open: number[] = [];
  const results: unknown[] = [];
  at.fs.mkdirSync(`${at.directory}/d`);
  for (const { name, form, slot, parameters } of steps) {
    // Node's callback form loses the error of a readFile from a descriptor.
    const how = name === 'readFile' && slot !== undefined ? 'sync' : form;
    // 99999 is never open.
    const fd = slot === undefined ? undefined : (open[slot] ?? 99_999);
    const given = parameters.map((parameter) => {
      if (typeof parameter === 'string') return parameter.replace('@', at.directory);
      if (Buffer.isBuffer(parameter)) return Buffer.from(parameter);
      return Array.isArray(parameter) ? parameter.map((view) => Buffer.from(view)) : parameter;
    });
    let result: unknown;
    try {
      result = await forms[how](at.fs, name, fd === undefined ? given : [fd, ...given]);
      if (name === 'open') open.push(result as number);
      else result = shape(result, at.directory);
      if (name === 'open') result = 'descriptor';
    } catch (error) {
      result = shape(error, at.directory);
    }
    if (name === 'close' && fd !== undefined) open.splice(open.indexOf(fd), open.includes(fd) ? 1 : 0);
    results.push({ name, how, result, buffers: given.map((parameter) => shape(parameter, at.directory)) });
  }
  for (const fd of open) at.fs.closeSync(fd);
  return results;
}

test.runIf(able)('descriptors do what those of node:fs do, in synchronous and callback forms', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), fc.boolean(), async (steps, cached) => {
      const there = onHost();
      const here = simulated(cached ? caches : {});
      try {
        const expected = await run(there, steps);
        expect(await run(here, steps)).toEqual(expected);
      } finally {
        await there.close();
        await here.close();
      }
    }),
    { numRuns: 300 },
  );
});
