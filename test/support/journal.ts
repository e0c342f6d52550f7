import type { Disk, FileSystemFactory } from '../../src/env/index.ts';
import { checkJournal, journal } from '../../src/filesystems/index.ts';
import { type Attributes, isDirectory, isRegular, isSymlink } from '../../src/vfs/index.ts';
import { Direct, ok, rootContext } from './direct.ts';
import { testEnvironment } from './environment.ts';
import { DiskImage, type PowerCut, powerCuts, RecordedDisk } from './power-cuts.ts';

/** Bytes of a disk that is not much larger than the smallest that the filesystem takes. */
export const SMALL = 1 << 20;
const small = { inodes: 62, commit: 1_000_000 };

/** The filesystem on a disk: a new one, or the one that is there. */
export function journalOn(disk: Disk, factory: FileSystemFactory = journal, options = small): Direct {
  return new Direct(factory({ ...testEnvironment(), disk: () => disk }, options));
}

/** What is known of one name. */
type Seen = Attributes & { readonly content: string; readonly xattrs: string };

const MOST_CONTENT = 1 << 16;

function contentOf(fs: Direct, path: string, size: number): string {
  const file = fs.open(path, 0);
  const content = Buffer.from(file.read(0, Math.min(size, MOST_CONTENT))).toString();
  file.close();
  return content;
}

/** Everything that a filesystem shows, by path. */
type Shown = ReadonlyMap<string, Seen>;

export function shown(fs: Direct): Shown {
  const all = new Map<string, Seen>();
  const show = (path: string): void => {
    const attributes = fs.stat(path);
    const content = isRegular(attributes.mode)
      ? contentOf(fs, path, attributes.size)
      : isSymlink(attributes.mode)
        ? fs.readlink(path)
        : '';
    const xattrs = fs.at(path, (node) =>
      ok(fs.fs.listxattr!(node, rootContext)).map(
        (name) => `${name}=${Buffer.from(ok(fs.fs.getxattr!(node, name, rootContext))).toString()}`,
      ),
    );
    all.set(path, { ...attributes, content, xattrs: xattrs.join() });
    if (isDirectory(attributes.mode)) for (const name of fs.names(path)) show(`${path}/${name}`);
  };
  show('');
  return all;
}

/** A step of a program on a filesystem; `sync`: it makes everything before it safe. */
export interface Step {
  readonly name: string;
  readonly sync?: boolean;
  readonly run: (fs: Direct) => void;
}

export interface Recorded {
  readonly disk: RecordedDisk;
  readonly steps: readonly Step[];
  /** What was shown before the first step, and after each. */
  readonly states: readonly Shown[];
  /** How much was asked of the disk before the first step, and after each. */
  readonly ends: readonly number[];
}

/** Runs a program on a new filesystem and remembers what it asked of the disk. */
function record(steps: readonly Step[], factory: FileSystemFactory): Recorded {
  const disk = new RecordedDisk(new DiskImage(SMALL));
  const fs = journalOn(disk, factory);
  const states = [shown(fs)];
  const ends = [disk.asked.length];
  for (const step of steps) {
    step.run(fs);
    states.push(shown(fs));
    ends.push(disk.asked.length);
  }
  return { disk, steps, states, ends };
}

const withoutContent = (state: Shown): string =>
  JSON.stringify([...state].map(([path, seen]) => ({ path, ...seen, content: '' })));

/**
 * Whether a state is one of those that there were. Bytes are written before the transaction that has the new times ends: the
 * content of a file may be that of another state.
 */
function isOneOf(now: Shown, states: readonly Shown[]): boolean {
  const wanted = withoutContent(now);
  return states.some(
    (state) =>
      withoutContent(state) === wanted &&
      [...now.values()].every(({ ino, content }) =>
        states.some((other) => [...other.values()].some((seen) => seen.ino === ino && seen.content === content)),
      ),
  );
}

/** What is wrong with the filesystem that starts on a disk: its check, what it shows, and what it keeps of what nobody sees. */
function start(
  disk: DiskImage,
  factory: FileSystemFactory,
): { readonly now: Shown; readonly problem: string | undefined } {
  const before = checkJournal(disk);
  const fs = journalOn(disk, factory);
  const now = shown(fs);
  const after = checkJournal(disk);
  const { files, ffree } = ok(fs.fs.statfs!(1, rootContext));
  const named = new Set([...now.values()].map(({ ino }) => ino)).size;
  const problems = [...before, ...after.map((problem) => `after the start: ${problem}`)];
  if (files - ffree !== named) problems.push(`${files - ffree} inodes, of which ${named} have a name`);
  return { now, problem: problems.length === 0 ? undefined : problems.join('; ') };
}

function problemAfter(
  cut: PowerCut,
  { states, ends, steps }: Recorded,
  factory: FileSystemFactory,
): string | undefined {
  const disk = new RecordedDisk(cut.disk);
  const { now, problem } = start(disk, factory);
  if (problem !== undefined) return problem;
  // A step was begun where the end of the one before it is not behind the cut.
  const begun = Math.min(steps.length, ends.filter((end) => end <= cut.at).length);
  const safe = 1 + steps.findLastIndex(({ sync }, i) => sync && ends[i + 1] <= cut.at);
  if (!isOneOf(now, states.slice(safe, begun + 1)))
    return `no state from ${safe} (${steps[safe - 1]?.name}) to ${begun} (${steps[begun - 1]?.name}) shows ${[...now.keys()]}`;
  if (cut.kept !== 'none') return undefined;
  // The power goes again while the filesystem starts.
  for (const again of powerCuts(disk, 0)) {
    const second = start(again.disk, factory);
    if (second.problem !== undefined) return `second power cut, ${again.kept}: ${second.problem}`;
    if (!isOneOf(second.now, [now])) return `second power cut, ${again.kept}: not the same`;
  }
  return undefined;
}

/**
 * Cuts the power at every write of a program; the first problem that one leads to. There is none where a state that the program
 * had is found each time, with all that was synchronised.
 */
export function findProblem(steps: readonly Step[], factory: FileSystemFactory = journal): string | undefined {
  const recorded = record(steps, factory);
  for (const cut of powerCuts(recorded.disk)) {
    let problem: string | undefined;
    try {
      problem = problemAfter(cut, recorded, factory);
    } catch (error) {
      problem = `threw ${error instanceof Error ? (error.stack ?? error.message) : error}`;
    }
    if (problem !== undefined) return `power cut at ${cut.at}, kept: ${cut.kept}: ${problem}`;
  }
  return undefined;
}
