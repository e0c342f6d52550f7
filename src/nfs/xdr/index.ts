export * from './codec.ts';
export * from './error.ts';
export * from './reader.ts';
export * from './struct.ts';
export * from './writer.ts';
