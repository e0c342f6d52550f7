export { CrashHistory } from './history.ts';
export { type CrashMoment, type Ignored, judgeCrash } from './judge.ts';
export type { Violation } from './violation.ts';
