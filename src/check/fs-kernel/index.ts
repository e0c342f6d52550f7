export * from './capabilities.ts';
export * from './fs-kernel.ts';
export * from './memfs.ts';
export type { FsClock, FsFailure, FsKernelOptions, NodeFs } from './node-fs.ts';
