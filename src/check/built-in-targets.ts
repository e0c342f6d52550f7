import type { FileSystemFactory } from '../env/index.ts';
import { filesystems, loopbackMemfsWithout, loopbackWithout, volatileOver } from '../filesystems/index.ts';
import type { ModelOptions } from '../model/index.ts';
import { nfsWithout, throughNfs, withoutCaches } from '../nfs/index.ts';
import { simulate, simulatedFs } from '../sim/index.ts';
import type { CrashPromise } from '../vfs/index.ts';
import { type CrashSubject, diskSubject, volatileSubject } from './crash/index.ts';
import { IN_MEMORY_FILE_SIZE, memfsTarget } from './fs-targets.ts';
import { lateAnswers } from './late-answers.ts';
import { type SimulatedTargetOptions, simulatedTarget } from './simulated-target.ts';
import type { Target } from './target.ts';

const { ram, loopback, journal, hello } = filesystems;

/** Loopback over an object shaped like node:fs that does what POSIX says: the one over another simulated kernel with ram. */
const loopbackRam: FileSystemFactory = (environment, options) => {
  const fs = simulatedFs(simulate(ram.factory, { traceHash: false }));
  return loopback.factory(environment, { ...options, fs, likeNode: true });
};

/** Files that are unlinked while they are open go where nobody sees them: nothing of the emulation shows. */
const habits = { sillyRename: 'aside' } as const;

/**
 * What a filesystem may differ in as an NFS client sees it. A server does not hold a directory that is open in a client: its
 * number may be used again.
 */
export const nfsModel = (...more: readonly ('times' | 'access-times')[]): ModelOptions => ({
  timeRange: 'unsigned',
  ignore: new Set(['inode-numbers', ...more] as const),
});

/** With write-back in the kernel times would be the client's, of which version 3 cannot carry the time of change. */
const nfs = { without: nfsWithout, model: nfsModel(), fixed: { writebackCache: false }, separate: true } as const;

export interface SimulatedFileSystem extends SimulatedTargetOptions {
  readonly factory: FileSystemFactory;
  /** What it promises of crashes, where that is more than POSIX does. */
  readonly promise?: CrashPromise;
}

/** What can be served in the simulator and needs nothing of the host, by name. */
export const simulatedFileSystems = {
  ram: { factory: ram.factory },
  'ram:late': { factory: lateAnswers(ram.factory) },
  'loopback:memfs': {
    factory: loopback.factory,
    without: loopbackMemfsWithout,
    options: { backing: 'memfs' },
    fileSizeLimit: IN_MEMORY_FILE_SIZE,
  },
  // A directory that is held without being opened (O_PATH) is not held in the backing, which may use its number again.
  'loopback:ram': {
    factory: loopbackRam,
    without: loopbackWithout,
    model: { ignore: new Set(['inode-numbers'] as const) },
  },
  journal: { factory: journal.factory, promise: 'ordered' },
  'volatile:ram': { factory: volatileOver(ram.factory), without: [] },
  // What is sent late gets its time late.
  'nfs:ram': {
    ...nfs,
    factory: throughNfs(ram.factory, { client: { habits } }),
    model: nfsModel('times'),
  },
  'nfs:ram:through': { ...nfs, factory: throughNfs(ram.factory, { client: { writes: 'through', habits } }) },
  'nfs:ram:noac': { ...nfs, factory: throughNfs(ram.factory, { client: { ...withoutCaches, habits } }) },
  // No name is believed, and no file made exclusively, which takes two calls: what else Linux' clients do is close-to-open.
  'nfs:ram:cto': {
    ...nfs,
    factory: throughNfs(ram.factory, {
      client: { lookupcache: 'none', habits },
      server: { exclusive: 'unsupported' },
    }),
    model: nfsModel('times'),
  },
  hello: { factory: hello.factory, without: hello.without },
} satisfies Readonly<Record<string, SimulatedFileSystem>>;

const simulated = (name: keyof typeof simulatedFileSystems) => (): Target => {
  const { factory, promise: _, ...options }: SimulatedFileSystem = simulatedFileSystems[name];
  return simulatedTarget(name, factory, options);
};

/** The targets that need nothing of the host, by name. */
export const builtInTargets = {
  ram: simulated('ram'),
  memfs: () => memfsTarget(),
  'ram:late': simulated('ram:late'),
  'loopback:memfs': simulated('loopback:memfs'),
  'loopback:ram': simulated('loopback:ram'),
  journal: simulated('journal'),
  'volatile:ram': simulated('volatile:ram'),
  'nfs:ram': simulated('nfs:ram'),
  'nfs:ram:through': simulated('nfs:ram:through'),
  'nfs:ram:noac': simulated('nfs:ram:noac'),
  'nfs:ram:cto': simulated('nfs:ram:cto'),
  hello: simulated('hello'),
} as const satisfies Readonly<Record<string, () => Target>>;

export type BuiltInTarget = keyof typeof builtInTargets;

/** What can lose its power and needs nothing of the host, by name. */
export const builtInCrashSubjects = {
  journal: () => diskSubject('journal', journal.factory, simulatedFileSystems.journal),
  'volatile:ram': () => volatileSubject('volatile:ram', ram.factory),
} as const satisfies Readonly<Record<string, () => CrashSubject>>;
