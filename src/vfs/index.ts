export * from './attributes.ts';
export * from './credentials.ts';
export * from './errno.ts';
export * from './filesystem.ts';
export * from './flags.ts';
export * from './kernel.ts';
export * from './name.ts';
export * from './syscall.ts';
