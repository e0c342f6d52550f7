export * from './environment.ts';
export * from './factory.ts';
