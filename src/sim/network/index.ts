export * from './checksum.ts';
export type { LinkOptions, Segment, Wire } from './link.ts';
export { SimulatedNetwork, type SimulatedNetworkOptions } from './network.ts';
