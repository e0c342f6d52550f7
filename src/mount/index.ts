export type { DeviceStatistics, FileSystemModule, Report } from '../fuse/device/index.ts';
export * from './error.ts';
export * from './mount.ts';
export * from './options.ts';
export * from './run.ts';
export * from './run-recorded.ts';
