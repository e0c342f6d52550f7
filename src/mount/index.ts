export type { DeviceStatistics, FileSystemModule, Report } from '../fuse/device/index.ts';
export * from './error.ts';
export type { FaultCommand } from './faults/command.ts';
export { askMount } from './faults/control-socket.ts';
export type { MountFaults } from './faults/mount-faults.ts';
export * from './mount.ts';
export * from './options.ts';
export * from './run.ts';
export * from './run-recorded.ts';
