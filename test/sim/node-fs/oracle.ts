import host, { chmodSync, mkdtempSync, rmSync } from 'node:fs';

import { promisify } from 'node:util';
import { ram } from '../../../src/filesystems/index.ts';
import { type MountOptions, type SimulatedFs, simulate, simulatedFs } from '../../../src/sim/index.ts';

/** A place to run the same steps: an fs and the directory to run them in. */
export interface Place {
  readonly fs: SimulatedFs;
  readonly directory: string;
  readonly close: () => void | Promise<void>;
}

/** The oracle is node:fs on tmpfs, as root: elsewhere its tests are skipped, and under CI=true they fail. */
export const able = process.env.CI === 'true' || (process.platform === 'linux' && process.getuid?.() === 0);

/** tmpfs, which has no quirks that FUSE has not. */
export function onHost(): Place {
  const directory = mkdtempSync('/dev/shm/estale-node-fs-');
  chmodSync(directory, 0o755);
  return { fs: host, directory, close: () => rmSync(directory, { recursive: true }) };
}

/** All that a kernel may keep. */
export const caches: MountOptions = {
  entryTimeout: 60,
  attributeTimeout: 60,
  negativeTimeout: 60,
  writebackCache: true,
  keepCache: true,
  cacheDirectories: true,
};

export function simulated(mount: MountOptions = {}): Place {
  const kernel = simulate(ram, { mount });
  const fs = simulatedFs(kernel);
  // As deep, so that paths are of the same length and `..` leads as far.
  const directory = '/dev/shm/estale-node-fs-000000';
  fs.mkdirSync(directory, { recursive: true });
  return { fs, directory, close: () => kernel.close() };
}

/** One call: the name of a function without `Sync`, and its arguments; '@' stands for the directory. */
export type Step = readonly [name: string, ...parameters: unknown[]];

type Callable = (...parameters: unknown[]) => unknown;
const functionOf = (object: unknown, name: string): Callable =>
  name.split('.').reduce((at, part) => (at as Record<string, unknown>)[part], object) as Callable;

/** How the forms of a function are called. */
export const forms: Readonly<Record<string, (fs: SimulatedFs, name: string, parameters: unknown[]) => unknown>> = {
  sync: (fs, name, parameters) => functionOf(fs, name.replace(/^\w+/, '$&Sync'))(...parameters),
  callback: (fs, name, parameters) =>
    promisify((...all: unknown[]) => functionOf(fs, name)(...all))(...(parameters as [])),
  promise: (fs, name, parameters) => functionOf(fs.promises, name)(...parameters),
};

function placed(value: unknown, directory: string): unknown {
  if (typeof value === 'string') return value.replaceAll('@', directory);
  if (value instanceof URL) return new URL(value.href.replace('/@', directory));
  if (Buffer.isBuffer(value) && value.includes('@'))
    return Buffer.from(value.toString('latin1').replaceAll('@', directory), 'latin1');
  return value;
}

const isNode20 = process.versions.node.startsWith('20.');

/** What a value looks like, without what two filesystems may have each their own of. */
export function shape(value: unknown, directory: string): unknown {
  const hide = (text: string) => text.replaceAll(directory, '@').replace(/(mkdtemp '.*?|t-)\w{6}'?$/, '$1XXXXXX');
  if (typeof value === 'string') return hide(value);
  if (Buffer.isBuffer(value)) return `Buffer ${hide(value.toString('latin1'))}`;
  if (Array.isArray(value)) return value.map((one) => shape(one, directory));
  if (value instanceof Error) {
    const { name, message } = value;
    const fields: Record<string, unknown> = { ...value };
    // Node 20 leaves it out of some messages of opendirSync.
    if (fields.syscall === 'opendir') return { name, code: fields.code, syscall: fields.syscall };
    // Texts of what Node itself refuses change from one version to the next.
    if (String(fields.code).startsWith('ERR_') && !isNode20) return { code: fields.code };
    if (typeof fields.path === 'string') fields.path = hide(fields.path);
    if (typeof fields.dest === 'string') fields.dest = hide(fields.dest);
    if (fields.info !== undefined) fields.info = shape(fields.info, directory);
    return { name, message: hide(message), keys: Object.keys(value).sort(), ...fields };
  }
  if (typeof value !== 'object' || value === null) return value;
  const own = { ...value } as Record<string, unknown>;
  const kind = value.constructor.name;
  if (kind === 'Stats' || kind === 'BigIntStats') return { kind, ...numbersOf(own), ...statOf(value as host.Stats) };
  if (kind === 'StatFs') return { kind, ...numbersOf(own) };
  if (kind === 'Dir') return { kind, path: hide((value as host.Dir).path) };
  const fields = Object.fromEntries(Object.entries(own).map(([key, field]) => [key, shape(field, directory)]));
  return { kind, ...fields, ...predicates(value as host.Dirent) };
}

/** Names and types of fields. Dates are made when they are read, from Node 22 on. */
const numbersOf = (fields: object): Record<string, string> =>
  Object.fromEntries(
    Object.entries(fields)
      .filter(([, field]) => !(field instanceof Date))
      .map(([name, field]) => [`type of ${name}`, typeof field]),
  );

function statOf(stat: host.Stats): object {
  const { mode, nlink, uid, gid, rdev, size } = stat;
  // Directories have the size and links that the filesystem gives them.
  const counted = stat.isDirectory() ? {} : { nlink, size };
  const dates = [stat.atime, stat.mtime, stat.ctime, stat.birthtime].map((date) => date instanceof Date);
  return { mode, uid, gid, rdev, dates, ...counted, ...predicates(stat) };
}

const questions = [
  'isFile',
  'isDirectory',
  'isSymbolicLink',
  'isFIFO',
  'isSocket',
  'isBlockDevice',
  'isCharacterDevice',
];
const predicates = (value: object): object =>
  Object.fromEntries(
    questions.filter((name) => name in value).map((name) => [name, functionOf(value, name).call(value)]),
  );

/** Runs steps one after the other and gives what each came to. */
export async function run(place: Place, form: string, steps: readonly Step[]): Promise<unknown[]> {
  const results: unknown[] = [];
  for (const [name, ...parameters] of steps) {
    const given = parameters.map((parameter) => placed(parameter, place.directory));
    try {
      const value = await forms[form](place.fs, name, given);
      results.push({ [name]: shape(value, place.directory) });
      if (name === 'opendir') (value as host.Dir).closeSync();
    } catch (error) {
      results.push({ [name]: 'failed', ...(shape(error, place.directory) as object) });
    }
  }
  return results;
}
