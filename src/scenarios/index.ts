export { scenarios } from './catalogue/index.ts';
export { type Arm, type RunOptions, runScenario, type ScenarioResult, type Verdict } from './run.ts';
export type { MissingScenario, Scenario, Seen, Setting } from './scenario.ts';
