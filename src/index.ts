export * from './check/index.ts';
export * from './env/index.ts';
export {
  checkPlan,
  FaultEngine,
  type FaultPlan,
  FaultPlanBuilder,
  FaultPlanError,
  faultPlan,
  faultyFileSystem,
  type InjectedFault,
  LinkFaults,
  parsePlan,
  type Rule,
  type RuleReport,
  showInjected,
  showUnfired,
  when,
} from './fault/index.ts';
export { type FaultySimulateOptions, type FaultySimulation, simulateFaults } from './fault/simulation.ts';
export * from './filesystems/index.ts';
export { type DaemonCommand, DaemonCommandError, DaemonSource } from './fuse/socket/index.ts';
export * from './history/index.ts';
export {
  type Closed,
  type DeviceMounted,
  MountError,
  type Mounted,
  type MountSettings,
  mount,
  mountDaemon,
  mountObject,
} from './mount/index.ts';
export { mountLibfuse } from './mount/libfuse/channel.ts';
export {
  type ClientHabits,
  type ClientRule,
  defaultClientOptions,
  type Export,
  type ExportOptions,
  type HandleHabit,
  NfsClient,
  type NfsClientOptions,
  NfsServer,
  type NfsServerOptions,
  nfsWithout,
  parseExport,
  parseNfsUrl,
  type ReplyCacheHabit,
  type ServerHabits,
  type ThroughNfsOptions,
  throughNfs,
  usualHabits,
  type Volume,
  withoutCaches,
} from './nfs/index.ts';
export { NfsProxy, type NfsProxyOptions } from './proxy/index.ts';
export {
  createSimulation,
  ServedFileSystem,
  type ServedOptions,
  SimKernel,
  type SimulatedFs,
  type SimulatedFsOptions,
  type SimulateOptions,
  type Simulation,
  simulate,
  simulatedFs,
} from './sim/index.ts';
export {
  type RecordSettings,
  type ReplayDifference,
  type ReplayPeer,
  type ReplayReport,
  readTrace,
  replayTrace,
  showDifference,
  type Trace,
  type TraceEnding,
  TraceError,
  type TraceFault,
  type TraceHeader,
  type TraceMessage,
  type TraceRecord,
} from './trace/index.ts';
export * from './vfs/index.ts';
