import { type Contradiction, type History, holds, judge, type Level, ladder } from '../../history/index.ts';
import type { Settings } from '../target.ts';
import type { ConcurrentProgram } from './program.ts';
import { type ConcurrentSetting, longestTimeout } from './run.ts';

/** A run that breaks what was asked for, with all that it takes to run it again. */
export interface ConcurrentFinding {
  readonly level: Level;
  readonly program: ConcurrentProgram;
  readonly setting: ConcurrentSetting;
  /** The strongest level that this run keeps; undefined: none. */
  readonly strongest: Level | undefined;
  readonly contradiction: Contradiction | undefined;
  /** Calls that never ended, and why; then nothing is said of levels. */
  readonly stuck: readonly string[];
  readonly history: History;
  readonly seed: number;
  readonly run: number;
}

/** The levels that a run is compared with, the one that is asked for among them. */
export function levelsFor(level: Level, settings: Settings | undefined): readonly Level[] {
  return ladder(level.kind === 'attribute-cache' ? level.seconds : longestTimeout(settings) || 1);
}

/** What one run shows. */
export function findingOf(
  { level, program, setting, seed, run }: Pick<ConcurrentFinding, 'level' | 'program' | 'setting' | 'seed' | 'run'>,
  history: History,
  stuck: readonly string[],
): ConcurrentFinding | undefined {
  const base = { level, program, setting, seed, run, history, stuck };
  if (stuck.length > 0) return { ...base, strongest: undefined, contradiction: undefined };
  const verdict = judge(history, level);
  if (verdict.kind !== 'contradicted') return undefined;
  const strongest = levelsFor(level, setting.settings).find((other) => holds(history, other));
  return { ...base, strongest, contradiction: verdict.contradiction };
}
