import type { FileSystemFactory } from '../env/index.ts';
import { filesystems, loopbackMemfsWithout, loopbackWithout, volatileOver } from '../filesystems/index.ts';
import { simulate, simulatedFs } from '../sim/index.ts';
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

export interface SimulatedFileSystem extends SimulatedTargetOptions {
  readonly factory: FileSystemFactory;
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
  journal: { factory: journal.factory },
  'volatile:ram': { factory: volatileOver(ram.factory), without: [] },
  hello: { factory: hello.factory, without: hello.without },
} satisfies Readonly<Record<string, SimulatedFileSystem>>;

const simulated = (name: keyof typeof simulatedFileSystems) => (): Target => {
  const { factory, ...options } = simulatedFileSystems[name];
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
  hello: simulated('hello'),
} as const satisfies Readonly<Record<string, () => Target>>;

export type BuiltInTarget = keyof typeof builtInTargets;
