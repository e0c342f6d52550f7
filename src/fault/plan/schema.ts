import { z } from 'zod';
import { didYouMean, type ErrnoName, errnoNumbers } from '../../vfs/index.ts';
import type { Condition, OneOrMore } from './condition.ts';
import type { Duration, Lie } from './faults.ts';
import { operationNames, rpcOperations } from './operations.ts';
import { type FaultPlan, type FaultsAt, type Where, wheres } from './plan.ts';

const shown = (value: unknown): string =>
  typeof value === 'string' ? `"${value}"` : (JSON.stringify(value) ?? String(value));
const list = (words: readonly string[]): string => words.join(', ');

/** An object that has these keys and no others. */
function object<Shape extends z.ZodRawShape>(shape: Shape) {
  const keys = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== 'unrecognized_keys') return undefined;
      const [key] = issue.keys ?? [];
      return `unknown key "${key}"${didYouMean(key, keys)}; there are: ${list(keys)}`;
    },
  });
}

/** So many words are not listed where one is near. */
const MANY = 20;

/** One of these words. */
function word<const Words extends readonly [string, ...string[]]>(words: Words) {
  return z.enum(words, {
    error: ({ input }) => {
      if (input === undefined) return undefined;
      const near = typeof input === 'string' ? didYouMean(input, words) : '';
      if (near !== '' && words.length > MANY) return `no such word: ${shown(input)}${near}`;
      return `expected one of ${list(words)}, given ${shown(input)}${near}`;
    },
  });
}

const count = (least: number, most = Number.MAX_SAFE_INTEGER) => z.int().min(least).max(most);
const integer = z.int();
const positive = z.number().positive();
const fromZero = z.number().min(0);
const oneOrMore = <T extends z.ZodType>(value: T): z.ZodType<OneOrMore<z.output<T>>> =>
  z.union([value, z.array(value).min(1)]);

const duration: z.ZodType<Duration> = z.union(
  [
    fromZero,
    z.strictObject({ uniform: z.tuple([fromZero, fromZero]) }),
    z.strictObject({ exponential: positive }),
    z.strictObject({ normal: z.tuple([fromZero, fromZero]) }),
    z.strictObject({ pareto: z.tuple([positive, positive]) }),
  ],
  {
    error: ({ input }) =>
      input === undefined
        ? undefined
        : `expected milliseconds from 0 on, or one of { uniform: [least, most] }, { exponential: mean }, { normal: [mean, deviation] }, { pareto: [least, shape] }, given ${shown(input)}`,
  },
);

const lie: z.ZodType<Lie> = z.union([integer, z.strictObject({ add: integer })], {
  error: ({ input }) => `expected a whole number or { add: number }, given ${shown(input)}`,
});

const errnoWord = word(Object.keys(errnoNumbers) as [ErrnoName, ...ErrnoName[]]);
const sector = z.union([z.literal(512), z.literal(4096)], {
  error: ({ input }) => `expected 512 or 4096, given ${shown(input)}`,
});

const errno = { kind: z.literal('errno'), errno: oneOrMore(errnoWord), unrealistic: z.boolean().optional() };
const delay = object({ kind: z.literal('delay'), ms: duration });
const drop = object({ kind: z.literal('drop') });
const hang = object({ kind: z.literal('hang') });
const duplicate = object({ kind: z.literal('duplicate'), ms: fromZero.optional() });
const reorder = object({
  kind: z.literal('reorder'),
  window: count(1),
  ms: positive.optional(),
  across: word(['any', 'others']).optional(),
});
const bitFlip = object({ kind: z.literal('bit-flip'), bits: count(1).optional() });
const range = object({
  kind: z.literal('range'),
  offset: count(0),
  length: count(1),
  fill: count(0, 255).optional(),
});
const zeroSector = object({ kind: z.literal('zero-sector'), size: sector.optional() });
const torn = object({ kind: z.literal('torn'), size: sector.optional() });
const misdirect = object({ kind: z.literal('misdirect'), by: integer.optional() });
const short = object({ kind: z.literal('short'), bytes: count(0).optional() });
const staleRead = object({ kind: z.literal('stale-read') });
const stale = <const How extends readonly [string, ...string[]]>(how: How) =>
  object({ kind: z.literal('stale'), how: word(how) });
const lies = object({
  kind: z.literal('lie'),
  size: lie.optional(),
  mode: lie.optional(),
  nlink: lie.optional(),
  uid: lie.optional(),
  gid: lie.optional(),
  blocks: lie.optional(),
  mtime: lie.optional(),
  ino: lie.optional(),
});
const powerCut = object({ kind: z.literal('power-cut'), keep: z.number().min(0).max(1).optional() });
const wrongLength = object({ kind: z.literal('wrong-length'), by: integer.optional() });
const interrupt = object({ kind: z.literal('interrupt') });

const reset = object({ kind: z.literal('reset') });
const rpc = [
  object(errno),
  delay,
  drop,
  duplicate,
  reorder,
  bitFlip,
  range,
  zeroSector,
  reset,
  object({ kind: z.literal('reconnect') }),
] as const;

/** The schemas of the faults of each place. */
const faults = {
  'link-request': [
    object(errno),
    delay,
    drop,
    hang,
    duplicate,
    reorder,
    interrupt,
    object({ kind: z.literal('full-queue'), ms: positive }),
    bitFlip,
    range,
    zeroSector,
    torn,
    misdirect,
    short,
    stale(['forgotten', 'handle', 'reused']),
  ],
  'link-reply': [
    object(errno),
    delay,
    drop,
    duplicate,
    reorder,
    bitFlip,
    range,
    zeroSector,
    short,
    staleRead,
    stale(['generation']),
    lies,
    wrongLength,
  ],
  filesystem: [
    object({ ...errno, effect: word(['before', 'after']).optional() }),
    delay,
    hang,
    bitFlip,
    range,
    zeroSector,
    torn,
    misdirect,
    short,
    staleRead,
    stale(['forgotten', 'handle', 'generation', 'reused']),
    lies,
    object({ kind: z.literal('fsync-once'), errno: errnoWord.optional() }),
    object({ kind: z.literal('fsync-lies') }),
    powerCut,
  ],
  'page-cache': [
    object({ kind: z.literal('drop-pages') }),
    object({ kind: z.literal('drop-dentries') }),
    object({ kind: z.literal('keep-stale') }),
  ],
  process: [
    object({ kind: z.literal('kill') }),
    interrupt,
    object({ kind: z.literal('crash') }),
    object({
      kind: z.literal('restart'),
      memory: word(['kept', 'lost']),
      requests: word(['resend', 'lost']).optional(),
      ms: fromZero.optional(),
    }),
  ],
  clock: [object({ kind: z.literal('jump'), ms: z.number() })],
  network: [delay, drop, duplicate, reorder, bitFlip, range, reset, object({ kind: z.literal('refuse') })],
  'rpc-call': [
    ...rpc,
    object({
      kind: z.literal('replay'),
      operation: oneOrMore(word(rpcOperations)).optional(),
      back: count(1).optional(),
    }),
  ],
  'rpc-reply': rpc,
  disk: [
    object(errno),
    delay,
    bitFlip,
    range,
    zeroSector,
    torn,
    misdirect,
    object({ kind: z.literal('lost-write') }),
    object({ kind: z.literal('flush-lies') }),
    powerCut,
  ],
} as const satisfies { readonly [W in Where]: readonly z.ZodType<FaultsAt[W]>[] };

const kindOf = (fault: { readonly shape: { readonly kind: z.ZodLiteral<string> } }): string => fault.shape.kind.value;

const kinds = new Map<Where, readonly string[]>(wheres.map((where) => [where, faults[where].map(kindOf)]));

/** The kinds of faults that there are at a place. */
export const faultKinds = (where: Where): readonly string[] => kinds.get(where) ?? [];

/** What is said of a fault that there is not at this place. */
function noSuchFault(where: Where, kind: unknown): string {
  const here = faultKinds(where);
  if (kind === undefined) return `missing; at ${where} it is one of ${list(here)}`;
  const elsewhere = wheres.filter((other) => typeof kind === 'string' && faultKinds(other).includes(kind));
  const hint =
    elsewhere.length > 0
      ? ` (that there is at ${list(elsewhere)})`
      : typeof kind === 'string'
        ? didYouMean(kind, here)
        : '';
  return `expected one of ${list(here)} at ${where}, given ${shown(kind)}${hint}`;
}

const member = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;

const globs = oneOrMore(z.string().min(1));

const condition: z.ZodType<Condition> = z.lazy(() =>
  object({
    operation: oneOrMore(word(operationNames)).optional(),
    path: globs.optional(),
    node: oneOrMore(count(1)).optional(),
    pid: oneOrMore(count(0)).optional(),
    uid: oneOrMore(count(0)).optional(),
    offset: object({
      from: count(0).optional(),
      to: count(0).optional(),
      aligned: word(['page', 'unaligned']).optional(),
    }).optional(),
    disk: oneOrMore(z.string().min(1)).optional(),
    host: oneOrMore(z.string().min(1)).optional(),
    port: oneOrMore(count(1, 65535)).optional(),
    xid: oneOrMore(count(0, 0xffffffff)).optional(),
    time: object({ from: fromZero.optional(), to: fromZero.optional() }).optional(),
    after: z.string().optional(),
    switch: z.string().optional(),
    all: z.array(condition).min(1).optional(),
    any: z.array(condition).min(1).optional(),
    not: condition.optional(),
    nth: oneOrMore(count(1)).optional(),
    every: count(1).optional(),
    probability: z.number().min(0).max(1).optional(),
  }),
);

const name = z.string().regex(/^[^\s].{0,99}$/, 'expected a name of 1 to 100 characters');

function ruleAt<W extends Where>(where: W) {
  const [first, ...others] = faults[where];
  const what = z.discriminatedUnion('kind', [first, ...others] as [typeof first, ...(typeof others)[number][]], {
    error: ({ input, code }) => (code === 'invalid_union' ? noSuchFault(where, member(input, 'kind')) : undefined),
  });
  return object({
    name,
    where: z.literal(where),
    when: condition.optional(),
    // `faults` is checked against the types place by place; the compiler does not carry that through the index.
    what: what as unknown as z.ZodType<FaultsAt[W]>,
    times: count(1).optional(),
    enabled: z.boolean().optional(),
  });
}

const rule = z.discriminatedUnion(
  'where',
  [
    ruleAt('link-request'),
    ruleAt('link-reply'),
    ruleAt('filesystem'),
    ruleAt('page-cache'),
    ruleAt('process'),
    ruleAt('clock'),
    ruleAt('network'),
    ruleAt('rpc-call'),
    ruleAt('rpc-reply'),
    ruleAt('disk'),
  ],
  {
    error: ({ input, code }) => {
      if (code !== 'invalid_union') return undefined;
      const where = member(input, 'where');
      if (where === undefined) return `missing; it is one of ${list(wheres)}`;
      const near = typeof where === 'string' ? didYouMean(where, wheres) : '';
      return `expected one of ${list(wheres)}, given ${shown(where)}${near}`;
    },
  },
);

/** The shape of a plan; what the shape cannot say, `checkPlan` checks. */
export const planSchema: z.ZodType<FaultPlan> = object({
  seed: z.int32().optional(),
  switches: z.record(z.string().min(1), z.boolean()).optional(),
  rules: z.array(rule),
});

export type PlanIssue = z.core.$ZodIssue;

/** What is wrong, in words: the expected and the given. */
export function explain(issue: PlanIssue, given: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      return given === undefined
        ? `missing; expected ${aNoun(issue.expected)}`
        : `expected ${aNoun(issue.expected)}, given ${shown(given)}`;
    case 'too_small':
      return `expected ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}${issue.origin === 'array' ? ' of them' : ''}, given ${shown(given)}`;
    case 'too_big':
      return `expected at most ${issue.maximum}, given ${shown(given)}`;
    case 'invalid_value':
      return given === undefined ? `missing; expected one of ${list(issue.values.map(String))}` : issue.message;
    default:
      return issue.message;
  }
}

const nouns: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  string: 'a text',
  boolean: 'true or false',
  array: 'a list',
  object: 'keys with values',
  record: 'names with values',
  tuple: 'a list of two numbers',
};

const aNoun = (expected: string): string => nouns[expected] ?? expected;
