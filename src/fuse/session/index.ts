export { Lookups } from './lookups.ts';
export type { CachePolicy, SessionOptions } from './options.ts';
export { Session } from './session.ts';
