export * from './check/index.ts';
export * from './env/index.ts';
export * from './filesystems/index.ts';
export {
  type Closed,
  type DeviceMounted,
  MountError,
  type Mounted,
  type MountSettings,
  mount,
  mountObject,
} from './mount/index.ts';
export { mountLibfuse } from './mount/libfuse/channel.ts';
export { createSimulation, SimKernel, type SimulateOptions, type Simulation, simulate } from './sim/index.ts';
export * from './vfs/index.ts';
