export type { LinkHook } from '../../fuse/link-hook.ts';
export { OFFERED_FLAGS } from './fuse-connection.ts';
export type { Link } from './fuse-dev.ts';
export type { MountOptions } from './mount-options.ts';
export { type PendingCall, StuckError } from './pending-call.ts';
export { type FuseServer, type Holdings, type Observer, SimKernel, type SimKernelOptions } from './sim-kernel.ts';
