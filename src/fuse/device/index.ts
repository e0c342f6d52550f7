export * from './compiled.ts';
export type { DeviceStatistics } from './connection.ts';
export * from './deferred.ts';
export { errorCode, openDevice } from './device.ts';
export * from './local-server.ts';
export { type FileSystemModule, makeFileSystem } from './module.ts';
export * from './server.ts';
export * from './worker-server.ts';
