import type { Violation } from '../../model/index.ts';
import type { Decide } from '../../vfs/index.ts';
import { type Aftermath, type Chart, type Cut, cut, placesOf, restart } from './crashing.ts';
import { type Decided, drawnDecisions, Exploration, everything } from './exploration.ts';

/** How much of what a crash may leave is looked at. */
export interface CrashLimits {
  /** Outcomes of one power failure that are tried in order; where there are more, as many are drawn. */
  readonly outcomes: number;
  /** Decides what is drawn. */
  readonly seed: number;
}

/** What was looked at. */
export interface CrashCount {
  /** Power failures. */
  points: number;
  /** Of these, those of which not every outcome was looked at. */
  sampled: number;
  outcomes: number;
}

/** A crash that broke a promise. */
export interface Broken {
  readonly violation: Violation;
  readonly cut: Cut;
  readonly decided: readonly Decided[];
}

/** Tries every power failure of a program, and every outcome of each within the limits; gives the first that breaks a promise. */
export async function crashEverywhere(
  chart: Chart,
  limits: CrashLimits,
  count: CrashCount,
  from = 0,
): Promise<Broken | undefined> {
  for (let point = from; point < placesOf(chart); point++) {
    const failure = await cut(chart, point);
    count.points += 1;
    const broken = await outcomesOf(failure, limits, count);
    if (broken !== undefined) return broken;
  }
  return undefined;
}

/** The same from the last power failure on, where a shrunk program shows most; gives the first that breaks this promise. */
export async function crashBackwards(
  chart: Chart,
  promise: string,
  limits: CrashLimits,
  count: CrashCount,
): Promise<Broken | undefined> {
  for (let point = placesOf(chart) - 1; point >= 0; point--) {
    count.points += 1;
    const broken = await outcomesOf(await cut(chart, point), limits, count);
    if (broken?.violation.promise === promise) return broken;
  }
  return undefined;
}

async function outcomesOf(cut: Cut, { outcomes, seed }: CrashLimits, count: CrashCount): Promise<Broken | undefined> {
  const look = async (decide: Decide): Promise<Broken | undefined> => {
    count.outcomes += 1;
    return brokenBy(cut, await restart(cut, decide));
  };
  const exploration = new Exploration();
  for (let i = 0; exploration.next(); i++) {
    if (i === outcomes) {
      count.sampled += 1;
      return (await look(everything)) ?? (await drawn(cut, outcomes, seed, look));
    }
    const broken = await look(exploration.decide);
    if (broken !== undefined) return broken;
  }
  return undefined;
}

async function drawn(
  { point }: Cut,
  outcomes: number,
  seed: number,
  look: (decide: Decide) => Promise<Broken | undefined>,
): Promise<Broken | undefined> {
  for (let i = 0; i < outcomes; i++) {
    const broken = await look(drawnDecisions(seed + i * 7919 + point));
    if (broken !== undefined) return broken;
  }
  return undefined;
}

export function brokenBy(cut: Cut, { violation, decided }: Aftermath): Broken | undefined {
  return violation && { violation, cut, decided };
}
