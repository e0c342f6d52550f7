export { Lookups } from './lookups.ts';
export type { SessionOptions } from './options.ts';
export { Session } from './session.ts';
