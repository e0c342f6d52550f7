export { Draw } from './arbitrary/draw.ts';
export { type GeneratorOptions, generateProgram } from './arbitrary/generator.ts';
export { programs } from './arbitrary/programs.ts';
export {
  type BuiltInTarget,
  builtInCrashSubjects,
  builtInTargets,
  nfsModel,
  type SimulatedFileSystem,
  simulatedFileSystems,
} from './built-in-targets.ts';
export { type CheckOptions, check, type Finding, type Progress, type Report } from './campaign.ts';
export { type ConsistencyOptions, type ConsistencyReport, checkConsistency } from './concurrent/campaign.ts';
export {
  CONCURRENT_FORMAT,
  type ConcurrentCounterexample,
  concurrentFromText,
  concurrentToText,
} from './concurrent/counterexample.ts';
export { type ConcurrentFinding, findingOf } from './concurrent/finding.ts';
export type { ConcurrentProgram } from './concurrent/program.ts';
export { type ConcurrentSetting, runConcurrent } from './concurrent/run.ts';
export { showConcurrentFinding, showOperations } from './concurrent/show.ts';
export { type Conditions, showSettings } from './conditions.ts';
export {
  type Counterexample,
  counterexampleFileName,
  counterexampleFromText,
  counterexampleToText,
  showFinding,
} from './counterexample.ts';
export * from './crash/index.ts';
export { type DaemonRestart, type DaemonTargetOptions, daemonTarget } from './daemon/target.ts';
export { checkDeterminism, type DeterminismReport, showDeterminism } from './determinism.ts';
export { classesUnder, type FaultClass, faultClasses } from './faults/classes.ts';
export { isNotLive } from './faults/judge.ts';
export type { FaultRun, RunFaults } from './faults/run.ts';
export type { FaultChoice, FaultTotals } from './faults/swarm.ts';
export { fsTarget, IN_MEMORY_FILE_SIZE, memfsTarget } from './fs-targets.ts';
export { HostedKernel } from './hosted/kernel.ts';
export { FormatError, programFromJson, programToJson } from './json.ts';
export { type KnownDivergence, knownFromText, knownToText } from './known.ts';
export * from './leaks/index.ts';
export * from './parallel/index.ts';
export { type Missing, probe } from './probe.ts';
export { type Capability, capabilities, type Without } from './profile.ts';
export type { Program, ProgramProcess, ProgramStep } from './program.ts';
export { type Replay, replay } from './replay.ts';
export type { Failure, Outcome } from './runner.ts';
export { parseScript, showCall, showScript } from './script.ts';
export { seededRandom } from './seed.ts';
export { showResult } from './show-result.ts';
export { signatureOf } from './signature.ts';
export { type SimulatedTargetOptions, simulatedTarget } from './simulated-target.ts';
export type { ConcurrencyClass, Settings, Target } from './target.ts';
export { freshTarget, type ResettableKernel, type ReusingTarget, reusingTarget, type TargetTraits } from './targets.ts';
export { keepObjectsYoung } from './young-objects.ts';
