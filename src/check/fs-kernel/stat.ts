import type { FileSystemStatistics, Stat, Timespec, U64 } from '../../vfs/index.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Thrown where an object's answer has not the shape that `node:fs` promises. */
export class WrongShape extends Error {}

const show = (value: unknown): string => (typeof value === 'bigint' ? `${value}n` : String(value));

function fieldsOf(value: unknown, what: string): Fields {
  if (typeof value !== 'object' || value === null)
    throw new WrongShape(`expected ${what}, given ${value === null ? 'null' : typeof value}`);
  return value as Fields;
}

function integer(fields: Fields, name: string): number {
  const value = fields[name];
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isInteger(number))
    throw new WrongShape(`expected an integer as ${name}, given ${show(value)}`);
  return number;
}

function u64(fields: Fields, name: string): U64 {
  const value = fields[name];
  return typeof value === 'bigint' && value > Number.MAX_SAFE_INTEGER ? value : integer(fields, name);
}

const BILLION = 1_000_000_000n;

function time(fields: Fields, name: string): Timespec {
  const exact = fields[`${name}Ns`];
  if (typeof exact === 'bigint') {
    const nsec = ((exact % BILLION) + BILLION) % BILLION;
    return { sec: Number((exact - nsec) / BILLION), nsec: Number(nsec) };
  }
  const value = fields[`${name}Ms`];
  const milliseconds = Number(value);
  if (value === undefined || !Number.isFinite(milliseconds))
    throw new WrongShape(`expected a number as ${name}Ms, given ${show(value)}`);
  const sec = Math.floor(milliseconds / 1000);
  return { sec, nsec: Math.round((milliseconds - sec * 1000) * 1e6) };
}

/** fs.Stats, of numbers or bigints, as stat(2) has it. */
export function statFrom(value: unknown): Stat {
  const fields = fieldsOf(value, 'fs.Stats');
  return {
    dev: integer(fields, 'dev'),
    ino: u64(fields, 'ino'),
    mode: integer(fields, 'mode'),
    nlink: integer(fields, 'nlink'),
    uid: integer(fields, 'uid'),
    gid: integer(fields, 'gid'),
    rdev: integer(fields, 'rdev'),
    size: integer(fields, 'size'),
    blocks: integer(fields, 'blocks'),
    blksize: integer(fields, 'blksize'),
    atime: time(fields, 'atime'),
    mtime: time(fields, 'mtime'),
    ctime: time(fields, 'ctime'),
  };
}

/** fs.StatFs as statfs(2) has it; it knows neither fragments nor the longest name. */
export function statfsFrom(value: unknown): FileSystemStatistics {
  const fields = fieldsOf(value, 'fs.StatFs');
  const bsize = integer(fields, 'bsize');
  return {
    bsize,
    frsize: bsize,
    blocks: integer(fields, 'blocks'),
    bfree: integer(fields, 'bfree'),
    bavail: integer(fields, 'bavail'),
    files: integer(fields, 'files'),
    ffree: integer(fields, 'ffree'),
    namelen: 255,
  };
}

const kinds = [
  ['isFile', 8],
  ['isDirectory', 4],
  ['isSymbolicLink', 10],
  ['isFIFO', 1],
  ['isCharacterDevice', 2],
  ['isBlockDevice', 6],
  ['isSocket', 12],
] as const;

/** What `readdirSync(path, { withFileTypes: true })` gave, as names and DT_* types. */
export function direntsFrom(value: unknown): { readonly name: string; readonly type: number }[] {
  if (!Array.isArray(value)) throw new WrongShape(`expected an array of fs.Dirent, given ${typeof value}`);
  return value.map((entry: unknown) => {
    const dirent = fieldsOf(entry, 'fs.Dirent');
    const { name } = dirent;
    if (typeof name !== 'string')
      throw new WrongShape(`expected a string as the name of fs.Dirent, given ${show(name)}`);
    const is = (method: string) => {
      const test = dirent[method];
      return typeof test === 'function' && test.call(dirent) === true;
    };
    return { name, type: kinds.find(([method]) => is(method))?.[1] ?? 0 };
  });
}
