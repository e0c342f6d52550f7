import { type SimulatedFs, simulatedFs } from '../../sim/index.ts';
import type { Decide } from '../../vfs/index.ts';
import { type Decided, drawnDecisions, Exploration, noting } from './exploration.ts';
import type { CrashCount } from './points.ts';
import type { CrashRun } from './run.ts';
import type { CrashSubject } from './subject.ts';

/** A program that keeps something in files, and what it owes to whoever uses it. */
export interface Application<Promised> {
  /** What is noted down while it runs, when nothing has happened yet. */
  promised(): Promised;
  /** Does its work, and notes down what it has promised. When the power is gone, every call of `fs` throws EIO. */
  run(fs: SimulatedFs, promised: Promised): void;
  /** Starts again on what a crash has left. @throws where a promise is broken */
  recover(fs: SimulatedFs, promised: Promised): void;
}

export interface ApplicationReport extends Readonly<CrashCount> {
  /** The first crash after which a promise was broken. */
  readonly failure: ApplicationFailure | undefined;
}

export interface ApplicationFailure {
  /** Requests that had changed something when the power failed. */
  readonly point: number;
  readonly kept: readonly string[];
  readonly lost: readonly string[];
  /** What `recover` threw. */
  readonly error: unknown;
}

/**
 * Lets the power fail at each request of an application, and starts it again on everything that may be left.
 *
 * @example crashApplication(volatileSubject('volatile:ram', ram), { promised: () => [], run, recover })
 */
export function crashApplication<Promised>(
  subject: CrashSubject,
  application: Application<Promised>,
  { outcomes = subject.outcomes, seed = 0 }: { readonly outcomes?: number; readonly seed?: number } = {},
): ApplicationReport {
  const count: CrashCount = { points: 0, sampled: 0, outcomes: 0 };
  for (let point = 0; ; point++) {
    const run = subject.start();
    run.cutAt(point);
    const promised = application.promised();
    try {
      application.run(simulatedFs(run.kernel), promised);
    } catch (error) {
      if (!run.isDark) throw error;
    }
    count.points += 1;
    const isOver = !run.isDark;
    const failure = failureAfter(run, point, application, promised, { outcomes, seed }, count);
    void run.kernel.close();
    if (failure !== undefined || isOver) return { ...count, failure };
  }
}

function failureAfter<Promised>(
  run: CrashRun,
  point: number,
  application: Application<Promised>,
  promised: Promised,
  { outcomes, seed }: { readonly outcomes: number; readonly seed: number },
  count: CrashCount,
): ApplicationFailure | undefined {
  const look = (decide: Decide): ApplicationFailure | undefined => {
    const decided: Decided[] = [];
    const back = run.survivors(noting(decide, decided)).start();
    count.outcomes += 1;
    try {
      application.recover(simulatedFs(back.kernel), promised);
      return undefined;
    } catch (error) {
      const labels = (kept: boolean): string[] =>
        decided.filter(({ choice }) => choice > 0 === kept).map(({ label }) => label);
      return { point, kept: labels(true), lost: labels(false), error };
    } finally {
      void back.kernel.close();
    }
  };
  const exploration = new Exploration();
  for (let i = 0; exploration.next(); i++) {
    const isPart = i === outcomes;
    if (isPart) count.sampled += 1;
    const failure = isPart ? drawn(outcomes, seed + point, look) : look(exploration.decide);
    if (failure !== undefined || isPart) return failure;
  }
  return undefined;
}

function drawn(
  outcomes: number,
  seed: number,
  look: (decide: Decide) => ApplicationFailure | undefined,
): ApplicationFailure | undefined {
  for (let i = 0; i < outcomes; i++) {
    const failure = look(drawnDecisions(seed + i * 7919));
    if (failure !== undefined) return failure;
  }
  return undefined;
}
