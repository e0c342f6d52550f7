export * from './message.ts';
export * from './protocol/index.ts';
export * from './session/index.ts';
