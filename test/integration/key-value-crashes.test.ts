import { expect, test } from 'vitest';
import { type ApplicationReport, crashApplication, volatileSubject } from '../../src/check/index.ts';
import { ram } from '../../src/filesystems/index.ts';
import type { SimulatedFs } from '../../src/sim/index.ts';
import type { CrashPromise } from '../../src/vfs/index.ts';

/** What a store does about crashes. */
interface Care {
  /** The bytes are synced before the file gets its name. */
  readonly file: boolean;
  /** The directory is synced before the caller hears that it is done. */
  readonly directory: boolean;
}

/** A key-value store: a file for each key, written aside and renamed. */
class Store {
  readonly #fs: SimulatedFs;
  readonly #care: Care;

  constructor(fs: SimulatedFs, care: Care) {
    this.#fs = fs;
    this.#care = care;
  }

  set(key: string, value: string): void {
    const fd = this.#fs.openSync('/aside', 'w');
    this.#fs.writeSync(fd, value);
    if (this.#care.file) this.#fs.fsyncSync(fd);
    this.#fs.closeSync(fd);
    this.#fs.renameSync('/aside', `/${key}`);
    if (!this.#care.directory) return;
    const directory = this.#fs.openSync('/', 'r');
    this.#fs.fsyncSync(directory);
    this.#fs.closeSync(directory);
  }

  get(key: string): string | undefined {
    return this.#fs.existsSync(`/${key}`) ? this.#fs.readFileSync(`/${key}`, 'utf8') : undefined;
  }
}

const writes: readonly (readonly [key: string, value: string])[] = [
  ['color', 'red'],
  ['size', 'large'],
  ['color', 'yellow'],
];

/** Sets keys with a crash at each request; a value that was set must be there, or the one that was being set. */
function crashed(care: Care, promise: CrashPromise = 'posix'): ApplicationReport {
  return crashApplication(volatileSubject('volatile:ram', ram, { promise }), {
    promised: (): { done: number } => ({ done: 0 }),
    run(fs, promised) {
      const store = new Store(fs, care);
      for (const [key, value] of writes) {
        store.set(key, value);
        promised.done += 1;
      }
    },
    recover(fs, { done }) {
      const store = new Store(fs, care);
      for (const key of ['color', 'size']) {
        const set = writes.slice(0, done).filter(([name]) => name === key);
        const under = writes.slice(done, done + 1).filter(([name]) => name === key);
        const may = [set.at(-1)?.[1], ...under.map(([, value]) => value)];
        const found = store.get(key);
        if (!may.includes(found))
          throw new Error(
            `${key} is ${JSON.stringify(found)}, not ${may.map((value) => value ?? 'nothing').join(' or ')}`,
          );
      }
    },
  });
}

test.each<CrashPromise>(['posix', 'ordered'])('a store that syncs file and directory survives: %s', (promise) => {
  const report = crashed({ file: true, directory: true }, promise);
  expect(report).toMatchObject({ failure: undefined, sampled: 0 });
  expect(report.points).toBeGreaterThan(3 * writes.length);
});

test('a store that does not sync the file is caught: the name without the bytes', () => {
  const { failure } = crashed({ file: false, directory: true });
  expect(failure?.error).toEqual(new Error('color is "", not nothing or red'));
  expect(failure?.lost.join()).toMatch(/size of file/);
});

test('a store that does not sync the directory is caught: the value is gone', () => {
  const { failure } = crashed({ file: true, directory: false });
  expect(failure?.error).toEqual(new Error('color is undefined, not red'));
  expect(failure?.lost).toEqual(expect.arrayContaining(['name "color" in directory 1']));
});

test('with ordered metadata, the sync of the next file saves the name before it, but not the last', () => {
  const { failure } = crashed({ file: true, directory: false }, 'ordered');
  expect(failure).toBeDefined();
});

test('an error that no crash has brought is thrown', () => {
  const broken = {
    promised: () => 0,
    run: () => {
      throw new Error('mine');
    },
    recover: () => {},
  };
  expect(() => crashApplication(volatileSubject('volatile:ram', ram), broken)).toThrow('mine');
});
