import type { DaemonCommand } from '../fuse/socket/index.ts';
import type { Finding } from './campaign.ts';
import { conditionsFromJson, conditionsToJson, showSettings } from './conditions.ts';
import { showRunFaults } from './faults/show.ts';
import { FormatError, numberAt, objectAt, programFromJson, programToJson, stringAt } from './json.ts';
import { showScript } from './script.ts';

/**
 * A counterexample as a file: self-contained, it replays without the generator that made it, on any kernel that can run
 * its calls. Promise: a file of format version 1 is read, and means the same, in every later version of estale.
 */
export interface Counterexample extends Finding {
  readonly target: string;
  /** Where the target is a foreign daemon: how it is started. */
  readonly daemon?: DaemonCommand;
}

const FORMAT = 'estale counterexample';

/** The text of the file. `script` in it is for people, and not read. */
export function counterexampleToText({
  target,
  daemon,
  signature,
  expected,
  actual,
  seed,
  run,
  reproduced,
  conditions,
  program,
}: Counterexample): string {
  const script = showScript(program).split('\n');
  const file = {
    format: FORMAT,
    version: 1,
    target,
    daemon,
    signature,
    expected,
    actual,
    seed,
    run,
    reproduced,
    conditions: conditions && conditionsToJson(conditions),
    script,
    program: programToJson(program),
  };
  return `${JSON.stringify(file, undefined, 2)}\n`;
}

/** Reads the file. @throws {FormatError} that names the place, what is expected there and what is given. */
export function counterexampleFromText(text: string): Counterexample {
  const file = objectAt('file', JSON.parse(text));
  if (file.format !== FORMAT) throw new FormatError('file.format', JSON.stringify(FORMAT), file.format);
  if (file.version !== 1)
    throw new FormatError('file.version', '1 (written by a later version of estale?)', file.version);
  const counterexample = {
    target: stringAt('file.target', file.target),
    ...(file.daemon === undefined ? {} : { daemon: daemonAt('file.daemon', file.daemon) }),
    signature: stringAt('file.signature', file.signature),
    expected: stringAt('file.expected', file.expected),
    actual: stringAt('file.actual', file.actual),
    seed: numberAt('file.seed', file.seed),
    run: numberAt('file.run', file.run),
    program: programFromJson(file.program, 'file.program'),
  };
  if (file.conditions === undefined) return counterexample;
  return { ...counterexample, conditions: conditionsFromJson(file.conditions, 'file.conditions') };
}

function daemonAt(place: string, value: unknown): DaemonCommand {
  const { command, setup, options } = objectAt(place, value);
  return {
    command: stringAt(`${place}.command`, command),
    setup: setup === undefined ? undefined : stringAt(`${place}.setup`, setup),
    options: options === undefined ? undefined : stringAt(`${place}.options`, options),
  };
}

const slug = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');

/** The name under which a counterexample is saved: the same for the same finding. */
export const counterexampleFileName = (target: string, { signature }: Pick<Finding, 'signature'>): string =>
  `${slug(target).slice(0, 60)}-${slug(signature).slice(0, 80)}.json`;

/** The finding for people: the script, with expected and actual under the call that failed. */
export function showFinding({ signature, program, expected, actual, conditions, reproduced }: Finding): string {
  const note = { step: program.steps.length - 1, lines: [`expected: ${expected}`, `actual:   ${actual}`] };
  const settings = conditions?.settings === undefined ? '' : `\nwith ${showSettings(conditions.settings)}`;
  const faults = conditions?.faults === undefined ? '' : `\n${showRunFaults(conditions.faults).join('\n')}`;
  const rate = reproduced === undefined ? '' : `\nshown again ${reproduced.times} of ${reproduced.of} times`;
  return `${signature}${settings}${faults}\n${showScript(program, note)}${rate}`;
}
