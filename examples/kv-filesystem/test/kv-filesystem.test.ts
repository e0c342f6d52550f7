import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { simulate, simulatedFs } from 'estale';
import { mountedTest, simulatedTest, sometimes } from 'estale/vitest';
import { describe, expect, test } from 'vitest';
import { type KvFileSystem, kv, LARGEST, without } from '../src/kv-filesystem.ts';

describe('whatever programs do', () => {
  // What the first draft got wrong is in counterexamples/, and runs first.
  test('kv does what POSIX says', async () => {
    await expect(kv).toRefinePosix({ without, fileSizeLimit: LARGEST });
  });

  test('kv keeps nothing that nobody can reach any more', async () => {
    await expect(kv).toLeakNothing({ without, holds: (filesystem) => (filesystem as KvFileSystem).size });
  });
});

describe('in the simulated kernel', () => {
  const test = simulatedTest(kv, { mount: { attributeTimeout: 1, entryTimeout: 1 } });

  test('a key keeps its value under another name', async ({ fs, kernel }) => {
    fs.writeFileSync('/key', 'value');
    fs.renameSync('/key', '/other');
    expect(fs.readdirSync('/')).toEqual(['other']);
    expect(fs.readFileSync('/other', 'utf8')).toBe('value');
    await expect(kernel).toLeakNothing();
  });

  test('a value can be read on after its key is removed', ({ fs }) => {
    fs.writeFileSync('/key', 'value');
    const file = fs.openSync('/key', 'r');
    fs.unlinkSync('/key');
    expect(fs.readFileSync(file, 'utf8')).toBe('value');
  });
});

test('of two writers of one key either may be the last', async () => {
  for (let seed = 0; seed < 50; seed++) {
    const { promises: fs } = simulatedFs(simulate(kv, { order: 'random', seed }));
    await Promise.all([fs.writeFile('/key', 'one'), fs.writeFile('/key', 'two')]);
    const value = await fs.readFile('/key', 'utf8');
    expect(['one', 'two']).toContain(value);
    sometimes('the first writer is the last', value === 'one');
    sometimes('the second writer is the last', value === 'two');
  }
});

describe('on a real mount', () => {
  const test = mountedTest({ module: new URL('../src/kv-filesystem.ts', import.meta.url).href, exportName: 'kv' });

  test('keys are files', ({ place }) => {
    writeFileSync(`${place}/key`, 'value');
    expect(readdirSync(place)).toEqual(['key']);
    expect(readFileSync(`${place}/key`, 'utf8')).toBe('value');
  });
});
