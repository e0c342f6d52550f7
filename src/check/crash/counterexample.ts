import { type CrashPromise, crashPromises } from '../../vfs/index.ts';
import { settingsAt } from '../conditions.ts';
import { arrayAt, FormatError, numberAt, objectAt, programFromJson, programToJson, stringAt } from '../json.ts';
import { chart, cut, freshGround, restart } from './crashing.ts';
import { type Decided, givenDecisions } from './exploration.ts';
import { type CrashFinding, findingFrom, type Stage, showCrashFinding, stageOf } from './finding.ts';
import { preparedGround } from './prepared.ts';
import type { CrashSubject } from './subject.ts';

/** What it takes to run a finding again. */
export interface CrashCounterexample extends CrashFinding {
  readonly target: string;
  readonly promise: CrashPromise;
}

export const CRASH_FORMAT = 'estale crash counterexample';

/**
 * The text of the file. `shown` in it is for people, and not read. Promise: a file of format version 1 is read, and means the
 * same, in every later version of estale.
 */
export function crashToText({ target, promise, ...finding }: CrashCounterexample): string {
  const { stages, violation, prepared, settings, seed, run } = finding;
  const file = {
    format: CRASH_FORMAT,
    version: 1,
    target,
    promise,
    broken: violation.promise,
    text: violation.text,
    seed,
    run,
    prepared,
    settings,
    shown: showCrashFinding(finding).split('\n'),
    stages: stages.map(({ program, cut, decided, step }) => ({
      program: programToJson(program),
      cut,
      step,
      decided: decided.map(({ label, choice }) => [choice, label]),
    })),
  };
  return `${JSON.stringify(file, undefined, 2)}\n`;
}

/** Reads the file. @throws {FormatError} that names the place, what is expected there and what is given. */
export function crashFromText(text: string): CrashCounterexample {
  const file = objectAt('file', JSON.parse(text));
  if (file.format !== CRASH_FORMAT) throw new FormatError('file.format', JSON.stringify(CRASH_FORMAT), file.format);
  if (file.version !== 1)
    throw new FormatError('file.version', '1 (written by a later version of estale?)', file.version);
  const promise = crashPromises.find((name) => name === file.promise);
  if (promise === undefined) throw new FormatError('file.promise', crashPromises.join(' or '), file.promise);
  return {
    target: stringAt('file.target', file.target),
    promise,
    violation: { promise: stringAt('file.broken', file.broken), text: stringAt('file.text', file.text) },
    seed: numberAt('file.seed', file.seed),
    run: numberAt('file.run', file.run),
    ...(file.prepared === true && { prepared: true }),
    ...(file.settings === undefined ? {} : { settings: settingsAt('file.settings', file.settings) }),
    stages: arrayAt('file.stages', file.stages).map((stage, i) => stageAt(`file.stages[${i}]`, stage)),
  };
}

function stageAt(place: string, value: unknown): Stage {
  const { program, cut, step, decided } = objectAt(place, value);
  return {
    program: programFromJson(program, `${place}.program`),
    cut: numberAt(`${place}.cut`, cut),
    step: step === undefined ? undefined : numberAt(`${place}.step`, step),
    decided: arrayAt(`${place}.decided`, decided).map((item, i): Decided => {
      const [choice, label] = arrayAt(`${place}.decided[${i}]`, item);
      return {
        choice: numberAt(`${place}.decided[${i}][0]`, choice),
        label: stringAt(`${place}.decided[${i}][1]`, label),
      };
    }),
  };
}

/** Runs programs and crashes again; the promise that is broken now, undefined where none is. */
export async function replayCrashes(subject: CrashSubject, found: CrashFinding): Promise<CrashFinding | undefined> {
  const first = found.prepared ? (await preparedGround(subject)).ground : await freshGround(subject, found.settings);
  if (first === undefined) return undefined;
  let ground = first;
  const earlier: Stage[] = [];
  for (const { program, cut: point, decided } of found.stages) {
    const failure = await cut(await chart(ground, program), point);
    const aftermath = await restart(failure, givenDecisions(decided.map(({ choice }) => choice)));
    const { violation, ground: next } = aftermath;
    if (violation !== undefined)
      return findingFrom({ violation, cut: failure, decided: aftermath.decided }, earlier, found);
    if (next === undefined) return undefined;
    earlier.push(stageOf({ cut: failure, decided: aftermath.decided }));
    ground = next;
  }
  return undefined;
}
