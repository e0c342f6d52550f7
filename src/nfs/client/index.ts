export * from './client.ts';
export * from './factory.ts';
export * from './options.ts';
export { isNfsOption, listNfsOptions, parseNfsUrl } from './parse-options.ts';
