import { didYouMean } from '../../vfs/index.ts';
import {
  type ClientHabits,
  defaultClientOptions,
  type NfsClientOptions,
  usualHabits,
  withoutCaches,
} from './options.ts';

type Plain = Omit<NfsClientOptions, 'habits' | 'host' | 'path'>;

interface Numeric {
  readonly key: keyof Plain;
  readonly least: number;
  readonly most: number;
}

const seconds = { least: 0, most: 2 ** 31 } as const;
const ports = { least: 1, most: 65535 } as const;
const sizes = { least: 1024, most: 1 << 20 } as const;

const numbers: Readonly<Record<string, readonly Numeric[]>> = {
  port: [{ key: 'port', ...ports }],
  mountport: [{ key: 'mountport', ...ports }],
  timeo: [{ key: 'timeo', least: 1, most: 6000 }],
  retrans: [{ key: 'retrans', least: 0, most: 1000 }],
  acregmin: [{ key: 'acregmin', ...seconds }],
  acregmax: [{ key: 'acregmax', ...seconds }],
  acdirmin: [{ key: 'acdirmin', ...seconds }],
  acdirmax: [{ key: 'acdirmax', ...seconds }],
  actimeo: (['acregmin', 'acregmax', 'acdirmin', 'acdirmax'] as const).map((key) => ({ key, ...seconds })),
  rsize: [{ key: 'rsize', ...sizes }],
  wsize: [{ key: 'wsize', ...sizes }],
};

const switches: Readonly<Record<string, Partial<Plain>>> = {
  hard: { recovery: 'hard' },
  soft: { recovery: 'soft' },
  cto: { cto: true },
  nocto: { cto: false },
  noac: withoutCaches,
  sync: { writes: 'sync' },
  async: { writes: 'back' },
  rdirplus: { rdirplus: true },
  nordirplus: { rdirplus: false },
};

const words = {
  lookupcache: ['all', 'positive', 'none'],
  writes: ['back', 'through', 'sync'],
  sourceport: ['same', 'new'],
} as const satisfies Partial<Record<keyof Plain, readonly string[]>>;

const habits: { readonly [Name in keyof ClientHabits]: readonly ClientHabits[Name][] } = {
  verifier: ['compared', 'compared-forever', 'ignored'],
  append: ['cached-size', 'asked-size'],
  access: ['server', 'mode-bits'],
  lateAttributes: ['refused', 'taken'],
  fsid: ['ignored', 'believed'],
  inodeNumbers: ['distinct', 'as-told'],
  stale: ['looked-up-again', 'kept-until-listing'],
  sillyRename: ['parent', 'aside', 'off'],
};

const choices: Readonly<Record<string, readonly string[]>> = { ...words, ...habits };
const known: readonly string[] = [...Object.keys(numbers), ...Object.keys(switches), ...Object.keys(choices)];

/** Whether a word of -o is one of the client's. */
export const isNfsOption = (word: string): boolean => known.includes(word.split('=')[0]);

/** The options with their values, one a line, for help. */
export function listNfsOptions(): readonly string[] {
  return [
    Object.keys(switches).join(', '),
    Object.keys(numbers)
      .map((name) => `${name}=N`)
      .join(', '),
    ...Object.entries(choices).map(([name, values]) => `${name}=${values.join('|')}`),
  ];
}

/**
 * What a URL says: `nfs://host/export?port=P&soft&timeo=10`, where the options are those of nfs(5) and the client's habits.
 *
 * @throws Error that names what is wrong
 */
export function parseNfsUrl(text: string): NfsClientOptions {
  const match = /^nfs:\/\/(\[[^\]]+\]|[^/:?#]+)(?::(\d+))?(\/[^?#]*)(?:\?([^#]*))?$/.exec(text);
  if (match === null) throw new Error(`expected nfs://HOST/EXPORT?port=P, given "${text}"`);
  const [, host, port, path, query = ''] = match;
  const given = [...(port === undefined ? [] : [`port=${port}`]), ...query.split('&').filter((word) => word !== '')];
  const { habits: chosen, ...plain } = parseNfsOptions(given);
  const settled = { ...defaultClientOptions, ...plain, habits: { ...usualHabits, ...chosen } };
  const mountport = plain.mountport ?? settled.port;
  return { ...settled, mountport, host: host.replace(/^\[|\]$/g, ''), path: decodeURIComponent(path) };
}

function parseNfsOptions(given: readonly string[]): Partial<Plain> & { readonly habits: Partial<ClientHabits> } {
  const plain: Record<string, unknown> = {};
  const chosen: Record<string, string> = {};
  for (const option of given) {
    const equals = option.indexOf('=');
    const name = equals < 0 ? option : option.slice(0, equals);
    const value = equals < 0 ? undefined : option.slice(equals + 1);
    if (Object.hasOwn(switches, name)) {
      if (value !== undefined) throw new Error(`nfs option ${name}: expected no value, given "${value}"`);
      Object.assign(plain, switches[name]);
    } else if (Object.hasOwn(numbers, name))
      for (const { key, least, most } of numbers[name]) plain[key] = numberIn(name, value, least, most);
    else if (Object.hasOwn(choices, name))
      (Object.hasOwn(habits, name) ? chosen : plain)[name] = oneOf(name, value, choices[name]);
    else throw new Error(`unknown nfs option "${name}"${didYouMean(name, known)}; there are: ${known.join(', ')}`);
  }
  return { ...plain, habits: chosen };
}

function numberIn(name: string, value: string | undefined, least: number, most: number): number {
  const number = value !== undefined && /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw new Error(`nfs option ${name}: expected a whole number from ${least} to ${most}, given ${shown(value)}`);
}

function oneOf(name: string, value: string | undefined, values: readonly string[]): string {
  if (value !== undefined && values.includes(value)) return value;
  throw new Error(`nfs option ${name}: expected ${values.join(' or ')}, given ${shown(value)}`);
}

const shown = (value: string | undefined): string => (value === undefined ? 'no value' : `"${value}"`);
