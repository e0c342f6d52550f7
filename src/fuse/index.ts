export type { LinkEnds, LinkHook } from './link-hook.ts';
export * from './message.ts';
export * from './protocol/index.ts';
export * from './session/index.ts';
