export type { FileSystemModule } from '../fuse/device/index.ts';
export type { LeaksNothingOptions } from './leaks-nothing.ts';
export type { LinearizableOptions } from './linearizable.ts';
export type { FilesystemMatchers } from './matchers.ts';

import './matchers.ts';

export { type MountedFixtures, mountedTest } from './mounted-test.ts';
export type { Problem } from './problems.ts';
export type { PropertyOptions, RefinesPosixOptions } from './refines-posix.ts';
export { type SimulationFixtures, simulatedTest } from './simulated-test.ts';
export { sometimes } from './sometimes.ts';
export type { SurvivesCrashesOptions } from './survives-crashes.ts';
