import { expect } from 'vitest';
import type { Disk } from '../../src/env/index.ts';
import { checkJournal, journal } from '../../src/filesystems/index.ts';
import { type Attributes, isDirectory, isRegular, isSymlink } from '../../src/vfs/index.ts';
import { Direct, ok, rootContext } from './direct.ts';
import { testEnvironment } from './environment.ts';
import { type PowerCut, powerCuts, RecordedDisk } from './power-cuts.ts';

/** Bytes of a disk that is as small as the filesystem takes it, but for a hundred blocks of data. */
export const SMALL = 1 << 20;
export const small = { inodes: 62, commit: 1_000_000 };

/** The filesystem on a disk: a new one, or the one that is there. */
export function journalOn(disk: Disk, options: Readonly<Record<string, unknown>> = small) {
  const environment = { ...testEnvironment(), disk: () => disk };
  return Object.assign(new Direct(journal(environment, options)), { warnings: environment.warnings });
}

/** What is known of one name. */
type Seen = Attributes & { readonly content: string; readonly xattrs: string };

/** Everything that a filesystem shows, by path. */
export type Shown = Readonly<Record<string, Seen>>;

export function shown(fs: Direct): Shown {
  const all: Record<string, Seen> = {};
  const show = (path: string): void => {
    const attributes = fs.stat(path === '' ? '/' : path);
    const content = isRegular(attributes.mode) ? fs.read(path) : isSymlink(attributes.mode) ? fs.readlink(path) : '';
    const xattrs = fs.at(path, (node) =>
      ok(fs.fs.listxattr!(node, rootContext)).map(
        (name) => `${name}=${Buffer.from(ok(fs.fs.getxattr!(node, name, rootContext))).toString()}`,
      ),
    );
    all[path] = { ...attributes, content, xattrs: xattrs.join() };
    if (isDirectory(attributes.mode)) for (const name of fs.names(path)) show(`${path}/${name}`);
  };
  show('');
  return all;
}

/** A step of a program on a filesystem. Those named in `sync` make everything before them safe. */
export interface Step {
  readonly name: string;
  readonly sync?: boolean;
  readonly run: (fs: Direct) => void;
}

export const sync: Step = { name: 'sync', sync: true, run: (fs) => ok(fs.fs.syncfs!(1, rootContext)) };

export interface Recorded {
  readonly size: number;
  readonly disk: RecordedDisk;
  readonly steps: readonly Step[];
  /** What was shown before the first step, and after each. */
  readonly states: readonly Shown[];
  /** How much was asked of the disk before the first step, and after each. */
  readonly ends: readonly number[];
}

/** Runs a program on a new filesystem and remembers what it asked of the disk. */
export function record(
  steps: readonly Step[],
  options: Readonly<Record<string, unknown>> = small,
  size = SMALL,
): Recorded {
  const disk = new RecordedDisk(size);
  const fs = journalOn(disk, options);
  const states = [shown(fs)];
  const ends = [disk.asked.length];
  for (const step of steps) {
    step.run(fs);
    states.push(shown(fs));
    ends.push(disk.asked.length);
  }
  return { size, disk, steps, states, ends };
}

/** What is wrong with the filesystem that starts after a power cut, undefined where nothing is. */
function problemAfter(
  cut: PowerCut,
  { states, ends, steps }: Recorded,
  options: Readonly<Record<string, unknown>>,
): string | undefined {
  const before = checkJournal(cut.disk);
  if (before.length > 0) return before.join('; ');
  const fs = journalOn(cut.disk, options);
  const now = shown(fs);
  const again = checkJournal(cut.disk);
  if (again.length > 0) return `after the start: ${again.join('; ')}`;
  // Step i was begun where the end of the one before it is not behind the cut.
  const begun = ends.filter((end) => end <= cut.at).length;
  let safe = 0;
  steps.forEach(({ sync }, i) => {
    if (sync && ends[i + 1] <= cut.at) safe = i + 1;
  });
  const wanted = JSON.stringify(now);
  for (let i = safe; i <= Math.min(begun, steps.length); i++)
    if (JSON.stringify(states[i]) === wanted) return undefined;
  return `no state from ${safe} (${steps[safe - 1]?.name}) to ${begun} (${steps[begun - 1]?.name}) shows ${wanted}`;
}

/** The first problem that a power cut leads to. */
export function findProblem(
  recorded: Recorded,
  options: Readonly<Record<string, unknown>> = small,
  random = 1,
): string | undefined {
  for (const cut of powerCuts(recorded.size, recorded.disk.asked, random)) {
    let problem: string | undefined;
    try {
      problem = problemAfter(cut, recorded, options);
    } catch (error) {
      problem = error instanceof Error ? (error.stack ?? error.message) : String(error);
    }
    if (problem !== undefined) return `power cut at ${cut.at}, kept: ${cut.kept}: ${problem}`;
  }
  return undefined;
}

/** Cuts the power at every write of a program: each time a state that it had is found, with all that was synchronised. */
export function expectNoLoss(
  steps: readonly Step[],
  options: Readonly<Record<string, unknown>> = small,
  random = 1,
): void {
  expect(findProblem(record(steps, options), options, random)).toBeUndefined();
}
