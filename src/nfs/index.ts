export * from './client/index.ts';
export * from './protocol/index.ts';
export * from './rpc/index.ts';
export * from './server/index.ts';
export * from './through-nfs.ts';
export * from './wire/index.ts';
export * from './xdr/index.ts';
