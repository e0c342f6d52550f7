import type { ModelOptions } from '../model/index.ts';
import { faultsAt } from './faults/json.ts';
import type { RunFaults } from './faults/run.ts';
import { arrayAt, FormatError, numberAt, objectAt, stringAt } from './json.ts';
import { type Capability, capabilities } from './profile.ts';
import type { Settings } from './target.ts';

/** Under what a program was judged; a counterexample keeps it, so that it is judged alike when it is replayed. */
export interface Conditions {
  readonly without: readonly Capability[];
  readonly model: ModelOptions;
  /** Of the kernel, where they matter. */
  readonly settings?: Settings;
  /** The faults, and where they struck. */
  readonly faults?: RunFaults;
}

/** As plain JSON data. */
export function conditionsToJson({ without, model, settings, faults }: Conditions): unknown {
  return { without, model: { ...model, ignore: [...(model.ignore ?? [])] }, settings, faults };
}

const aspects = ['ownership', 'modes', 'times', 'access-times', 'inode-numbers'] as const;

/** Reads them. @throws {FormatError} that names the place, what is expected there and what is given. */
export function conditionsFromJson(value: unknown, place: string): Conditions {
  const { without, model, settings, faults } = objectAt(place, value);
  const names = arrayAt(`${place}.without`, without).map((name, i) =>
    oneOf(`${place}.without[${i}]`, Object.keys(capabilities) as Capability[], name),
  );
  return {
    without: names,
    model: modelAt(`${place}.model`, model),
    ...(settings === undefined ? {} : { settings: settingsAt(`${place}.settings`, settings) }),
    ...(faults === undefined ? {} : { faults: faultsAt(`${place}.faults`, faults) }),
  };
}

function modelAt(place: string, value: unknown): ModelOptions {
  const { directoryNlink, timeGranularity, timeRange, protectedHardlinks, fileSizeLimit, sharedMappings, ignore } =
    objectAt(place, value);
  const options: { -readonly [Key in keyof ModelOptions]: ModelOptions[Key] } = {
    ignore: new Set(arrayAt(`${place}.ignore`, ignore).map((name, i) => oneOf(`${place}.ignore[${i}]`, aspects, name))),
  };
  if (directoryNlink !== undefined)
    options.directoryNlink = oneOf(`${place}.directoryNlink`, ['linux', 'one'] as const, directoryNlink);
  if (timeGranularity !== undefined) options.timeGranularity = numberAt(`${place}.timeGranularity`, timeGranularity);
  if (timeRange !== undefined)
    options.timeRange = oneOf(`${place}.timeRange`, ['ext4', 'unsigned'] as const, timeRange);
  if (fileSizeLimit !== undefined) options.fileSizeLimit = numberAt(`${place}.fileSizeLimit`, fileSizeLimit);
  if (sharedMappings !== undefined)
    options.sharedMappings = oneOf(`${place}.sharedMappings`, ['given', 'refused'] as const, sharedMappings);
  if (protectedHardlinks !== undefined) options.protectedHardlinks = protectedHardlinks === true;
  return options;
}

export function settingsAt(place: string, value: unknown): Settings {
  const settings: Record<string, number | boolean> = {};
  for (const [name, setting] of Object.entries(objectAt(place, value))) {
    if (typeof setting !== 'number' && typeof setting !== 'boolean')
      throw new FormatError(`${place}.${name}`, 'a number, true or false', setting);
    settings[name] = setting;
  }
  return settings;
}

function oneOf<T extends string>(place: string, names: readonly T[], value: unknown): T {
  const text = stringAt(place, value);
  const found = names.find((name) => name === text);
  if (found === undefined) throw new FormatError(place, `one of ${names.join(', ')}`, value);
  return found;
}

/** The settings for people: `entryTimeout 1, directIo`. */
export function showSettings(settings: Settings): string {
  return Object.entries(settings)
    .map(([name, value]) => (value === true ? name : value === false ? `no ${name}` : `${name} ${value}`))
    .join(', ');
}
