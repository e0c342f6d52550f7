export { scenarios } from './catalogue/index.ts';
export { missing } from './catalogue/missing.ts';
export { documentRows } from './document.ts';
export { mountedFaults } from './mounted/faults.ts';
export { hasMountedForm, type Moment, mountScenario, type ScenarioMount } from './mounted/mount.ts';
export { mountedSlab } from './mounted/slab.ts';
export { type Curve, plot } from './plot.ts';
export {
  findAtRandom,
  hasRandomForm,
  type RandomFinding,
  type SearchOptions,
  showRandomFinding,
} from './random/search.ts';
export { type Arm, type RunOptions, runScenario, type ScenarioResult, type Verdict } from './run.ts';
export type { MissingScenario, Scenario, Seen, Setting } from './scenario.ts';
export { listed, resultAsJson, showResult, showSeen, tableHead, tableRow } from './show.ts';
export { growSlab, type SlabOptions, type SlabSample } from './slab.ts';
