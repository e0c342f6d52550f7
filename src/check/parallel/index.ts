export { checkInParallel, type ParallelOptions } from './check.ts';
export { PATIENCE } from './hand.ts';
export type { Ran } from './orders.ts';
export { probeInThread } from './probe.ts';
export { replayInThread, type ThreadReplayOptions } from './replay.ts';
export { builtInSource, type MakeTarget, type TargetSource } from './source.ts';
