import { Random } from 'fast-check';
import { O_RDONLY } from '../../vfs/index.ts';
import { Draw } from '../arbitrary/draw.ts';
import { generateProgram } from '../arbitrary/generator.ts';
import type { Capability, Without } from '../profile.ts';
import { type Program, type ProgramStep, withSteps } from '../program.ts';
import { seededRandom } from '../seed.ts';
import type { Settings } from '../target.ts';
import { churningProgram } from './churn.ts';
import { type Chart, chart, cut, freshGround, type Ground, placesByCall, restart } from './crashing.ts';
import { drawnDecisions } from './exploration.ts';
import { type CrashFinding, findingFrom, type Stage, stageOf } from './finding.ts';
import { brokenBy, type CrashCount, crashBackwards } from './points.ts';
import { shrinkCrash, withShortPast } from './shrink.ts';
import type { CrashSubject } from './subject.ts';

export interface CrashCampaignOptions {
  /** 0 to 2^32 - 1; the same seed and runs give the same report. */
  readonly seed?: number;
  /** Programs to generate. Left out: 200, or with `time` no limit. */
  readonly runs?: number;
  /** Milliseconds after which no new program is begun; needs `now`. */
  readonly time?: number;
  readonly now?: () => number;
  readonly signal?: AbortSignal;
  /** Calls of a program before the syncs that are put in, at most. */
  readonly maxCalls?: number;
  /** The campaign ends after so many findings. */
  readonly findings?: number;
  readonly yield?: () => Promise<void>;
  readonly onProgress?: (runs: number) => void;
  readonly onFinding?: (finding: CrashFinding) => void;
}

export interface CrashCampaignReport extends Readonly<CrashCount> {
  readonly subject: string;
  readonly seed: number;
  readonly runs: number;
  /** Programs that gave results which POSIX does not allow, and were left there. */
  readonly diverged: number;
  readonly findings: readonly CrashFinding[];
}

/** What has no part in crashes, or of which the kernel's memory alone knows. */
const leftOut: readonly Capability[] = ['mmap', 'mmap-shared', 'locks', 'flock', 'handles', 'statfs', 'drop-caches'];
/** Power failures of a program, and outcomes of each. */
const POINTS = 8;
const OUTCOMES = 3;
/** A program goes on after a crash this often. */
const CRASHES = 3;
const MAX_CALLS = 60;
const FINDINGS = 3;
/** Of 100 programs so many churn, and so many run on a small disk, where there is a disk. */
const CHURN = 60;
const SMALL = 70;
const SYNC_FD = 58;

/**
 * Crashes generated programs at places, and with outcomes, that chance decides; what is left of a program goes on from what a
 * crash has left. In a part of them the disk is little larger than the filesystem takes. With `posix` the kernel writes back in some of them; with `ordered` not, because a kernel that keeps a size
 * to itself does not keep it in order.
 */
export async function checkCrashes(
  subject: CrashSubject,
  options: CrashCampaignOptions = {},
): Promise<CrashCampaignReport> {
  const { time = Infinity, runs = time === Infinity ? 200 : Infinity, now = () => 0, signal } = options;
  const seed = (options.seed ?? 0) >>> 0;
  const begin = now();
  const findings = new Map<string, CrashFinding>();
  const count: CrashCount = { points: 0, sampled: 0, outcomes: 0 };
  const grounds = new Map<string, Ground>();
  const without: Without = new Set([...subject.without, ...leftOut, 'seek-hole']);
  let [run, diverged] = [0, 0];
  for (; run < runs && findings.size < (options.findings ?? FINDINGS) && !signal?.aborted; run++) {
    if (now() - begin >= time) break;
    const draw = new Draw(new Random(seededRandom(seed, run)));
    const settings = drawnSettings(draw, subject);
    const churn = draw.chance(CHURN) ? churningProgram(draw, without) : undefined;
    const program =
      churn ?? withSyncs(draw, generateProgram(draw, { without, maxCalls: options.maxCalls ?? MAX_CALLS }), without);
    const life = new Life(draw, count, { seed, run, settings });
    const key = JSON.stringify(settings);
    const ground = grounds.get(key) ?? (await freshGround(subject, settings));
    grounds.set(key, ground);
    const found = await life.from(ground, program, (rest) =>
      churn === undefined ? rest : (churningProgram(draw, without) ?? rest),
    );
    if (life.diverged) diverged += 1;
    if (found !== undefined && !findings.has(found.finding.violation.promise)) {
      const limits = { outcomes: 6, seed };
      const fewest = await shrinkCrash(await alone(found, subject), found.ground, limits, options.yield);
      const shrunk = await withShortPast(fewest, ground, limits, options.yield);
      findings.set(shrunk.violation.promise, shrunk);
      options.onFinding?.(shrunk);
    }
    if (run % 8 === 0) {
      options.onProgress?.(run);
      await options.yield?.();
    }
  }
  return { subject: subject.name, seed, runs: run, diverged, ...count, findings: [...findings.values()] };
}

/** How much larger than the smallest disk one is, in bytes: so little that soon everything was used before. */
const spare: readonly number[] = [0, 0, 4096, 8192, 16384, 262144];

function drawnSettings(draw: Draw, { promise, smallest }: CrashSubject): Settings {
  const writesBack = promise === 'posix' && draw.chance(30);
  const diskSize = smallest !== undefined && draw.chance(SMALL) ? smallest() + draw.of(spare) : undefined;
  return { ...(writesBack && { writebackCache: true }), ...(diskSize !== undefined && { diskSize }) };
}

interface Found {
  readonly finding: CrashFinding;
  /** Where its last program starts from. */
  ground: Ground;
}

/** A program, what becomes of it in crashes, and how it goes on. */
class Life {
  diverged = false;
  readonly #draw: Draw;
  readonly #count: CrashCount;
  readonly #found: Pick<CrashFinding, 'seed' | 'run' | 'settings'>;

  constructor(draw: Draw, count: CrashCount, found: Pick<CrashFinding, 'seed' | 'run' | 'settings'>) {
    this.#draw = draw;
    this.#count = count;
    this.#found = found;
  }

  /** `next`: the program after a crash, given what is left of the one before. */
  async from(first: Ground, program: Program, next: (rest: Program) => Program): Promise<Found | undefined> {
    const earlier: Stage[] = [];
    let ground = first;
    let rest = program;
    for (let crash = 0; crash < CRASHES && rest.steps.length > 0; crash++) {
      const charted = await chart(ground, rest);
      this.diverged ||= charted.diverged;
      const crashed = await this.#crash(charted, earlier);
      if (crashed === undefined) return undefined;
      if ('finding' in crashed) return { finding: crashed.finding, ground };
      earlier.push(crashed.stage);
      ground = crashed.ground;
      // Descriptors are gone with the power.
      rest = next({ ...rest, steps: charted.program.steps.slice(crashed.done) });
    }
    return undefined;
  }

  /** Crashes a program here and there; the last of these states is the one to go on from. */
  async #crash(
    charted: Chart,
    earlier: readonly Stage[],
  ): Promise<{ finding: CrashFinding } | { stage: Stage; ground: Ground; done: number } | undefined> {
    let last: { stage: Stage; ground: Ground; done: number } | undefined;
    const calls = placesByCall(charted);
    for (let i = 0; i < POINTS; i++) {
      // Calls that do much have many places; those that do little are as interesting.
      const [from, places] = this.#draw.of(calls);
      const failure = await cut(charted, from + this.#draw.below(places));
      this.#count.points += 1;
      for (let j = 0; j < OUTCOMES; j++) {
        this.#count.outcomes += 1;
        const aftermath = await restart(failure, drawnDecisions(this.#draw.below(2 ** 30)));
        const broken = brokenBy(failure, aftermath);
        if (broken !== undefined) return { finding: findingFrom(broken, earlier, this.#found) };
        if (aftermath.ground !== undefined)
          last = {
            stage: stageOf({ cut: failure, decided: aftermath.decided }),
            ground: aftermath.ground,
            done: failure.moment.done,
          };
      }
      this.#count.sampled += 1;
    }
    return last;
  }
}

/**
 * The finding with one program on a fresh filesystem, where that is enough: its last one, or that and those before it without
 * the crashes in between. The ground of that program with it.
 */
async function alone(found: Found, subject: CrashSubject): Promise<CrashFinding> {
  const { finding } = found;
  const { stages, violation, seed } = finding;
  const fresh = await freshGround(subject, finding.settings);
  const count: CrashCount = { points: 0, sampled: 0, outcomes: 0 };
  for (let first = stages.length - 1; first >= 0 && stages.length > 1; first--) {
    const steps = stages.slice(first).flatMap(({ program, step }) => program.steps.slice(0, step && step + 1));
    const charted = await chart(fresh, withSteps(stages[stages.length - 1].program, steps));
    const broken = await crashBackwards(charted, violation.promise, { outcomes: 4, seed }, count);
    if (broken === undefined) continue;
    found.ground = fresh;
    return findingFrom(broken, [], finding);
  }
  return finding;
}

/** Programs that are generated sync seldom: here and there, of names that they use, some are put in. */
function withSyncs(draw: Draw, program: Program, without: Without): Program {
  const paths = ['/'];
  for (const { call } of program.steps) if ('path' in call && call.path.startsWith('/')) paths.push(call.path);
  const steps = program.steps.flatMap((step): readonly ProgramStep[] => {
    if (!draw.chance(20)) return [step];
    const path = without.has('directory-descriptors') ? draw.of(paths.slice(1)) : draw.of(paths);
    if (path === undefined) return [step];
    const { pid } = program.processes[0];
    return [
      step,
      { pid, call: { op: 'open', path, flags: O_RDONLY, mode: 0, into: SYNC_FD } },
      { pid, call: { op: draw.chance(80) ? 'fsync' : 'fdatasync', fd: SYNC_FD } },
    ];
  });
  return { ...program, steps };
}
