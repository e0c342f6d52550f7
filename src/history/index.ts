export { type History, type Moment, NEVER, type Operation } from './history.ts';
export { type Contradiction, holds, judge, strongestOf, type Verdict } from './judge.ts';
export { type Level, type LevelName, ladder, levelNames, parseLevel, showLevel } from './level.ts';
export { withoutNeedless } from './without-needless.ts';
