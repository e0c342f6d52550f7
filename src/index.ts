export * from './env/index.ts';
export * from './vfs/index.ts';
