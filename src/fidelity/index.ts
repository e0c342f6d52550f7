export type { Blame, Difference } from './compare/difference.ts';
export { type Configuration, type ConfigurationName, configuration, configurationNames } from './configurations.ts';
export { corpus, type Group } from './corpus/index.ts';
export { daemonCases, daemonConfiguration, daemonSides } from './daemon-sides.ts';
export {
  type Case,
  type CompareOptions,
  compareKernels,
  corpusCases,
  ownSides,
  type Report,
  type Sides,
} from './fidelity.ts';
export { generatedCases } from './generated.ts';
export { isPinned, PINNED } from './pinned.ts';
export type { Outcome, ScriptRun } from './run.ts';
export { readScript, type Script, type Step } from './script.ts';
export { showDifference, showStreams } from './show.ts';
export type { Side } from './side.ts';
export {
  type Agreement,
  compareThreeWays,
  type Disagreement,
  type ThreeWayOptions,
  type ThreeWayReport,
} from './three-way.ts';
export { foreignTolerances, type Tolerance, tolerances } from './tolerances.ts';
