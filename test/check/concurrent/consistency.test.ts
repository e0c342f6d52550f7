import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  checkConsistency,
  concurrentFromText,
  concurrentToText,
  findingOf,
  runConcurrent,
  simulatedTarget,
} from '../../../src/check/index.ts';
import type { Environment, FileSystemFactory } from '../../../src/env/index.ts';
import { ram } from '../../../src/filesystems/index.ts';
import type { Level } from '../../../src/history/index.ts';
import type { FileSystem } from '../../../src/vfs/index.ts';
import { deferredRam } from '../../sim/kernel/deferred-ram.ts';

const linearizable: Level = { kind: 'linearizable' };
const target = simulatedTarget('ram', ram);

describe('ram', () => {
  test('is linearizable with one client, whatever that caches', async () => {
    const report = await checkConsistency(target, { level: linearizable, seed: 5, runs: 60 });
    expect(report).toMatchObject({ runs: 60, broken: 0, stuck: 0, undecided: 0, finding: undefined });
    expect(report.calls).toBeGreaterThan(3000);
  });

  test('whose answers take time and overtake each other is too', async () => {
    const slow = simulatedTarget(
      'slow ram',
      deferredRam(1, (method) => method.length % 4),
    );
    const report = await checkConsistency(slow, { level: linearizable, seed: 1, runs: 15 });
    expect(report).toMatchObject({ broken: 0, stuck: 0 });
  });

  test('is linearizable with two clients that cache no names and attributes', async () => {
    const report = await checkConsistency(target, { level: linearizable, clients: 2, seed: 1, runs: 40 });
    expect(report).toMatchObject({ broken: 0, stuck: 0 });
  });

  test('with attributes kept for a second is close-to-open and a second behind at most, but not linearizable', async () => {
    const given = { clients: 2, seed: 1, runs: 100, settings: { attributeTimeout: 1 } };
    const report = await checkConsistency(target, { ...given, level: linearizable });
    expect(report.broken).toBeGreaterThan(0);
    expect(report.finding?.strongest).toEqual({ kind: 'close-to-open' });
    const bounded: Level = { kind: 'attribute-cache', seconds: 1 };
    expect(await checkConsistency(target, { ...given, level: bounded })).toMatchObject({ broken: 0, stuck: 0 });
  });
});

describe('a finding', () => {
  test('is small, names the strongest level that still holds, and runs again from its file', async () => {
    const settings = { entryTimeout: 1, attributeTimeout: 1, negativeTimeout: 1 };
    const { finding } = await checkConsistency(target, { level: linearizable, clients: 2, seed: 1, runs: 3, settings });
    if (finding === undefined) throw new Error('expected a finding');
    expect(finding.strongest).toEqual({ kind: 'attribute-cache', seconds: 1 });
    expect(finding.program.steps.length).toBeLessThan(8);
    expect(finding.contradiction?.operations.length).toBeLessThan(8);
    const read = concurrentFromText(concurrentToText('ram', finding));
    expect(read).toMatchObject({
      target: 'ram',
      level: linearizable,
      program: finding.program,
      setting: finding.setting,
    });
    const { history, stuck } = await runConcurrent(target, read.program, read.setting);
    expect(findingOf(read, history, stuck)).toEqual(finding);
  });

  test.each([
    ['format', { format: 'other' }, 'file.format: expected "estale concurrent counterexample"'],
    ['version', { version: 2 }, 'file.version: expected 1'],
    ['level', { level: 'strong' }, 'file.level: expected a level'],
    ['pauses', { pauses: [] }, 'file.pauses: expected'],
    ['order', { setting: { reorder: true, order: 'any' } }, "file.setting.order: expected 'fifo' or 'random'"],
  ])('whose file has a wrong %s is told', async (_name, change, message) => {
    const settings = { attributeTimeout: 1, entryTimeout: 1 };
    const { finding } = await checkConsistency(target, { level: linearizable, clients: 2, seed: 1, runs: 3, settings });
    if (finding === undefined) throw new Error('expected a finding');
    const file = JSON.parse(concurrentToText('ram', finding)) as object;
    expect(() => concurrentFromText(JSON.stringify({ ...file, ...change }))).toThrow(message);
  });
});

/** The ram filesystem with some methods in another way. */
const ramWith =
  (change: (filesystem: Required<FileSystem>, environment: Environment) => Partial<FileSystem>): FileSystemFactory =>
  (environment, options) => {
    const filesystem = ram(environment, options) as Required<FileSystem>;
    return Object.assign(filesystem, change(filesystem, environment));
  };

test('a filesystem that is wrong only when calls overlap is found out: it writes piece by piece', async () => {
  const torn = ramWith((filesystem, { timers }) => {
    const write = filesystem.write.bind(filesystem);
    return {
      mode: 'async',
      write: async (node, fh, given, offset, options, context) => {
        const data = new Uint8Array(given);
        for (let at = 0; at < data.length; at += 3) {
          await write(node, fh, data.subarray(at, at + 3), offset + at, options, context);
          await new Promise<void>((resolve) => timers.after(1, resolve));
        }
        return data.length;
      },
    };
  });
  const target = simulatedTarget('torn', torn, { simulation: { mount: { directIo: true } } });
  const { finding, stuck } = await checkConsistency(target, { level: linearizable, seed: 1, runs: 3, processes: 6 });
  expect({ stuck, object: finding?.contradiction?.object.split(' ')[0] }).toEqual({ stuck: 0, object: 'file' });
});

test('calls that never end are a failure of their own', async () => {
  let reads = 0;
  const dead = simulatedTarget(
    'dead',
    ramWith(() => ({
      mode: 'async',
      read: () => {
        reads += 1;
        return new Promise<never>(() => {});
      },
    })),
  );
  const { finding, stuck } = await checkConsistency(dead, { level: linearizable, seed: 1, runs: 3 });
  expect(reads).toBeGreaterThan(0);
  expect(stuck).toBeGreaterThan(0);
  expect(finding?.stuck[0]).toMatch(/process \d+: pread, which waits for (READ of node|page 0)/);
  expect(finding?.program.steps.length).toBeLessThan(5);
});

describe('found in the simulated kernel, and mended:', () => {
  // A reader that had waited for a page copied from it after another process' GETATTR had dropped it.
  test.each(['page-dropped-while-read'])('%s', async (name) => {
    const path = new URL(`../../fixtures/consistency/${name}.json`, import.meta.url);
    const found = concurrentFromText(readFileSync(path, 'utf8'));
    const { history, stuck } = await runConcurrent(target, found.program, found.setting);
    expect(history.operations.length).toBeGreaterThan(found.program.steps.length);
    expect(findingOf(found, history, stuck)).toBeUndefined();
  });
});

test('a target that has one call at a time is told', async () => {
  const { cluster: _cluster, ...plain } = target;
  await expect(checkConsistency(plain, { level: linearizable, runs: 1 })).rejects.toThrow(
    'ram: expected a target in the simulated kernel, where calls may overlap',
  );
});
