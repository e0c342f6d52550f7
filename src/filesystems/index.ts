export * from './handle-table.ts';
export * from './hello/index.ts';
export * from './options.ts';
export * from './pack-dirents.ts';
export * from './ram/index.ts';
