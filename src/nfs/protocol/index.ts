export * from './mount.ts';
export * from './nfs.ts';
export * from './status.ts';
export * from './types.ts';
