export { type Application, type ApplicationFailure, type ApplicationReport, crashApplication } from './application.ts';
export { type CrashCampaignOptions, type CrashCampaignReport, checkCrashes } from './campaign.ts';
export { CRASH_FORMAT, type CrashCounterexample, crashFromText, crashToText, replayCrashes } from './counterexample.ts';
export { Exploration } from './exploration.ts';
export { type CrashFinding, showCrashFinding } from './finding.ts';
export type { CrashRun } from './run.ts';
export {
  type CrashSubject,
  type CrashSubjectOptions,
  diskSubject,
  usesDisks,
  volatileSubject,
} from './subject.ts';
export { type SweepOptions, type SweepReport, sweepCrashes } from './sweep.ts';
