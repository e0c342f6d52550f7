import fc from 'fast-check';
import { Draw } from './arbitrary/draw.ts';
import { generateProgram } from './arbitrary/generator.ts';
import type { CheckOptions } from './campaign.ts';
import type { Program } from './program.ts';
import { openArena } from './replay.ts';
import { type Arena, runProgram } from './runner.ts';
import { seededRandom } from './seed.ts';
import type { Target } from './target.ts';
import { tellingTarget } from './telling-target.ts';

/** The first event of a program that was another one the second time. */
export interface EventDifference {
  /** The number of the program. */
  readonly run: number;
  /** The number of the event in it, from 1 on. */
  readonly event: number;
  /** Events before it, the last ones. */
  readonly before: readonly string[];
  /** Undefined: there was none any more. */
  readonly first: string | undefined;
  readonly second: string | undefined;
}

export interface DeterminismReport {
  readonly target: string;
  readonly seed: number;
  readonly runs: number;
  /** Calls, messages and results that were compared. */
  readonly events: number;
  readonly difference: EventDifference | undefined;
}

const CONTEXT = 8;

/**
 * Runs every program twice, each time on a fresh kernel, and compares calls, messages on the link, and results, until one
 * differs. The same seed gives the same programs as `check`.
 */
export async function checkDeterminism(
  target: Target,
  options: Pick<CheckOptions, 'seed' | 'runs' | 'time' | 'now' | 'yield' | 'signal'> = {},
): Promise<DeterminismReport> {
  const { time = Infinity, now = () => 0, signal } = options;
  const { runs = options.time === undefined ? 100 : Infinity } = options;
  const seed = (options.seed ?? 0) >>> 0;
  const start = now();
  const arena = await openArena(target);
  const counts = { runs: 0, events: 0 };
  let difference: EventDifference | undefined;
  while (difference === undefined && counts.runs < runs && now() - start < time && !signal?.aborted) {
    const draw = new Draw(new fc.Random(seededRandom(seed, counts.runs)));
    const settings = target.settings?.(draw);
    const more = settings === undefined ? [] : (target.notUnder?.(settings) ?? []);
    const program = generateProgram(draw, { without: new Set([...target.without, ...more]) });
    const first = await eventsOf({ ...arena, settings }, program);
    const second = await eventsOf({ ...arena, settings }, program);
    counts.events += first.length;
    difference = firstDifference(counts.runs, first, second);
    counts.runs += 1;
    await options.yield?.();
  }
  return { target: target.name, seed, ...counts, difference };
}

async function eventsOf(arena: Arena, program: Program): Promise<readonly string[]> {
  const events: string[] = [];
  const target = tellingTarget(arena.target, (line) => events.push(line));
  await runProgram({ ...arena, target }, program);
  return events;
}

function firstDifference(
  run: number,
  first: readonly string[],
  second: readonly string[],
): EventDifference | undefined {
  let at = 0;
  while (at < first.length && first[at] === second[at]) at += 1;
  if (at === first.length && at === second.length) return undefined;
  const before = first.slice(Math.max(0, at - CONTEXT), at);
  return { run, event: at + 1, before, first: first[at], second: second[at] };
}

/** The report for people. */
export function showDeterminism({ target, seed, runs, events, difference }: DeterminismReport): string {
  const all = `${runs} program${runs === 1 ? '' : 's'}, ${events.toLocaleString('en-US')} events, seed ${seed}`;
  if (difference === undefined) return `${target}: every event was the same the second time, in ${all}`;
  const { run, event, before, first, second } = difference;
  const lines = [...before, `first:  ${first ?? 'no further event'}`, `second: ${second ?? 'no further event'}`];
  return `${target}: event ${event} of program ${run} was another one the second time (${all})\n${lines.join('\n')}`;
}
