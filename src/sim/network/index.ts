export * from './checksum.ts';
export { type Fragment, fragments, Reassembly } from './ip-fragments.ts';
export type { LinkOptions, Segment, Wire } from './link.ts';
export { SimulatedNetwork, type SimulatedNetworkOptions } from './network.ts';
