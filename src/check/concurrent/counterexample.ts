import { type Level, parseLevel, showLevel } from '../../history/index.ts';
import type { Deviation } from '../../sim/index.ts';
import { settingsAt } from '../conditions.ts';
import { arrayAt, FormatError, numberAt, objectAt, programFromJson, programToJson, stringAt } from '../json.ts';
import type { ConcurrentFinding } from './finding.ts';
import type { ConcurrentProgram } from './program.ts';
import type { ConcurrentSetting } from './run.ts';
import { showConcurrentFinding } from './show.ts';

/** What it takes to run a finding again. */
export interface ConcurrentCounterexample {
  readonly target: string;
  readonly level: Level;
  readonly program: ConcurrentProgram;
  readonly setting: ConcurrentSetting;
  readonly seed: number;
  readonly run: number;
}

export const CONCURRENT_FORMAT = 'estale concurrent counterexample';

/**
 * The text of the file. `shown` in it is for people, and not read. Promise: a file of format version 1 is read, and means the
 * same, in every later version of estale.
 */
export function concurrentToText(target: string, finding: ConcurrentFinding): string {
  const { level, program, setting, seed, run } = finding;
  const { processes, setup, steps } = program;
  const file = {
    format: CONCURRENT_FORMAT,
    version: 1,
    target,
    level: showLevel(level),
    seed,
    run,
    shown: showConcurrentFinding(finding).split('\n'),
    setting,
    clients: processes.map(({ client }) => client),
    setup: setup.length,
    pauses: steps.map(({ pause }) => pause),
    program: programToJson({
      version: 1,
      processes: processes.map(({ client: _client, ...process }) => process),
      steps: [...setup, ...steps.map(({ pid, call }) => ({ pid, call }))],
    }),
  };
  return `${JSON.stringify(file, undefined, 2)}\n`;
}

/** Reads the file. @throws {FormatError} that names the place, what is expected there and what is given. */
export function concurrentFromText(text: string): ConcurrentCounterexample {
  const file = objectAt('file', JSON.parse(text));
  if (file.format !== CONCURRENT_FORMAT)
    throw new FormatError('file.format', JSON.stringify(CONCURRENT_FORMAT), file.format);
  if (file.version !== 1)
    throw new FormatError('file.version', '1 (written by a later version of estale?)', file.version);
  const level = parseLevel(stringAt('file.level', file.level));
  if (level === undefined) throw new FormatError('file.level', 'a level such as linearizable', file.level);
  return {
    target: stringAt('file.target', file.target),
    level,
    seed: numberAt('file.seed', file.seed),
    run: numberAt('file.run', file.run),
    setting: settingAt('file.setting', file.setting),
    program: programAt(file),
  };
}

function programAt(file: Readonly<Record<string, unknown>>): ConcurrentProgram {
  const { processes, steps } = programFromJson(file.program, 'file.program');
  const setup = numberAt('file.setup', file.setup);
  const clients = numbersAt('file.clients', file.clients, processes.length);
  const pauses = numbersAt('file.pauses', file.pauses, steps.length - setup);
  return {
    version: 1,
    processes: processes.map((process, i) => ({ ...process, client: clients[i] })),
    setup: steps.slice(0, setup),
    steps: steps.slice(setup).map((step, i) => ({ ...step, pause: pauses[i] })),
  };
}

function numbersAt(place: string, value: unknown, length: number): readonly number[] {
  const numbers = arrayAt(place, value);
  if (numbers.length !== length) throw new FormatError(place, `${length} numbers`, value);
  return numbers.map((number, i) => {
    if (typeof number !== 'number' || !(number >= 0))
      throw new FormatError(`${place}[${i}]`, 'a number from 0 on', number);
    return number;
  });
}

function settingAt(place: string, value: unknown): ConcurrentSetting {
  const { reorder, seed, order, deviations, settings } = objectAt(place, value);
  if (order !== undefined && order !== 'fifo' && order !== 'random')
    throw new FormatError(`${place}.order`, "'fifo' or 'random'", order);
  return {
    reorder: reorder === true,
    ...(seed !== undefined && { seed: numberAt(`${place}.seed`, seed) }),
    ...(order !== undefined && { order }),
    ...(deviations !== undefined && {
      deviations: arrayAt(`${place}.deviations`, deviations).map((item, i) =>
        deviationAt(`${place}.deviations[${i}]`, item),
      ),
    }),
    ...(settings !== undefined && { settings: settingsAt(`${place}.settings`, settings) }),
  };
}

function deviationAt(place: string, value: unknown): Deviation {
  const { at, run } = objectAt(place, value);
  return { at: stringAt(`${place}.at`, at), run: stringAt(`${place}.run`, run) };
}
