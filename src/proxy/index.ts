export { checkProxyPlan, NfsProxy, type NfsProxyOptions } from './proxy.ts';
export type { Address } from './server-side.ts';
