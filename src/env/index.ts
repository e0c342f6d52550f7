export * from './disk-range.ts';
export * from './environment.ts';
export * from './factory.ts';
export * from './node/index.ts';
export * from './superuser.ts';
