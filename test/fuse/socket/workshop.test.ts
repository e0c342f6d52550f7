import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test as base, describe, expect } from 'vitest';
import { Workshop } from '../../../src/fuse/socket/workshop.ts';

interface Fixtures {
  /** A working directory with a file `key`, a directory `store` with a file in it, and an empty directory `inside`. */
  readonly directory: string;
  readonly workshop: (words: readonly string[], setup?: string) => Workshop;
}

const test = base.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads which fixtures are used from the pattern
  directory: async ({}, use) => {
    const directory = mkdtempSync(join(tmpdir(), 'estale-test-'));
    writeFileSync(join(directory, 'key'), 'secret');
    mkdirSync(join(directory, 'store'));
    writeFileSync(join(directory, 'store/file'), 'data');
    mkdirSync(join(directory, 'inside'));
    await use(directory);
    rmSync(directory, { recursive: true });
  },
  workshop: async ({ directory }, use) => {
    const made: Workshop[] = [];
    await use((words, setup) => {
      const workshop = new Workshop(words, setup, directory);
      made.push(workshop);
      return workshop;
    });
    for (const workshop of made) workshop.remove();
  },
});

describe('the directories of a daemon', () => {
  test('are empty, and are empty again', ({ workshop }) => {
    const made = workshop(['d']);
    const { home, backing } = made;
    for (let i = 0; i < 2; i++) {
      expect([readdirSync(home), readdirSync(backing)]).toEqual([['backing'], []]);
      writeFileSync(join(backing, 'f'), '');
      made.renew();
    }
    expect(statSync(backing).mode & 0o777).toBe(0o755);
  });

  test('hold copies of what the command names in the working directory, each time anew', ({ workshop, directory }) => {
    const made = workshop(['d', '-k', 'key', '-o', 'root=store,x', '/no/such']);
    made.renew();
    const { home } = made;
    expect(readdirSync(home).sort()).toEqual(['backing', 'key', 'store']);
    rmSync(join(home, 'key'));
    writeFileSync(join(home, 'store/file'), 'changed');
    made.renew();
    expect(readFileSync(join(home, 'key'), 'utf8') + readFileSync(join(home, 'store/file'), 'utf8')).toBe('secretdata');
    expect(readFileSync(join(directory, 'store/file'), 'utf8')).toBe('data');
  });

  test('hold what the setup command made, which runs once', ({ workshop }) => {
    const made = workshop(['d'], 'echo x >> {backing}/f; mkdir s');
    for (let i = 0; i < 2; i++) {
      made.renew();
      expect(readdirSync(made.home).sort()).toEqual(['backing', 's']);
      expect(readFileSync(join(made.backing, 'f'), 'utf8')).toBe('x\n');
    }
  });

  test('are removed, whatever the modes of what is in them', ({ workshop }) => {
    const made = workshop(['d']);
    mkdirSync(join(made.backing, 'a/b'), { recursive: true });
    chmodSync(join(made.backing, 'a'), 0);
    made.remove();
    expect(existsSync(dirname(made.home))).toBe(false);
  });

  test('are never those of somebody else', ({ directory }) => {
    const refused =
      /directory outside of the working directory, in which generated programs would change and remove files/;
    expect(() => new Workshop(['d', directory], undefined, '/')).toThrow(refused);
    expect(() => new Workshop(['d', `source=${directory}`], undefined, '/')).toThrow(refused);
    expect(() => new Workshop(['d', '../store'], undefined, join(directory, 'inside'))).toThrow(refused);
  });

  test('are not there when the setup command fails, whose output is told', ({ directory }) => {
    const left = () => readdirSync(tmpdir()).filter((name) => name.startsWith('estale-daemon-')).length;
    const before = left();
    expect(() => new Workshop(['d'], 'echo no space; exit 3', directory)).toThrow(
      /--daemon-setup: ended with status 3: echo no space; exit 3\nno space$/,
    );
    expect(left()).toBe(before);
  });
});
