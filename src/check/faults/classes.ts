import fc from 'fast-check';
import {
  checkPlan,
  type ErrnoFault,
  type Fault,
  type FaultPlan,
  type FaultSupport,
  isSupported,
  type OperationName,
  operationsOf,
  type Rule,
  realisticErrnos,
  type Where,
} from '../../fault/index.ts';
import type { ErrnoName } from '../../vfs/index.ts';
import { Draw } from '../arbitrary/draw.ts';
import { seededRandom } from '../seed.ts';

/** A fault of a class, at its place. */
interface Kind {
  readonly where: Where;
  readonly what: (draw: Draw, operation: OperationName) => Fault;
  /** Where it is left out: every operation that the fault can strike. */
  readonly operations?: readonly OperationName[];
}

const at = (where: Where, what: Kind['what'] | Fault, operations?: readonly OperationName[]): Kind => ({
  where,
  what: typeof what === 'function' ? what : () => what,
  operations,
});

/** EMFILE and the like say nothing new; what the kernel takes for another message than an error is left to plans by hand. */
const errnoOf = (draw: Draw, operation: OperationName): ErrnoName => {
  const common: readonly ErrnoName[] = [
    'EIO',
    'EIO',
    'EINTR',
    'ESTALE',
    'ENOSPC',
    'EDQUOT',
    'EROFS',
    'ETIMEDOUT',
    'ENOMEM',
  ];
  const realistic = realisticErrnos(operation);
  const errno = draw.of(draw.chance(70) ? common : realistic);
  return realistic.includes(errno) ? errno : 'EIO';
};
const errno: Kind['what'] = (draw, operation): ErrnoFault => ({ kind: 'errno', errno: errnoOf(draw, operation) });
const errnoAfter: Kind['what'] = (draw, operation) => ({
  kind: 'errno',
  errno: errnoOf(draw, operation),
  effect: 'after',
});

const milliseconds = (draw: Draw): number => draw.of([1, 5, 50, 2000]);
const delay: Kind['what'] = (draw) => ({ kind: 'delay', ms: milliseconds(draw) });
const reorder: Kind['what'] = (draw) => ({ kind: 'reorder', window: 1 + draw.below(4), ms: milliseconds(draw) });
const size = (draw: Draw): 512 | 4096 => draw.of([512, 4096] as const);
const syncs: readonly OperationName[] = ['FSYNC', 'FSYNCDIR', 'SYNCFS'];
const reads: readonly OperationName[] = ['READ'];
const transfers: readonly OperationName[] = ['READ', 'WRITE'];

/** What is done a second time without harm but for what it gives: nobody forgets a node twice, or closes a file. */
const repeatable: readonly OperationName[] = operationsOf('link-request', { kind: 'duplicate' }).filter(
  (name) => !['FORGET', 'INTERRUPT', 'DESTROY', 'RELEASE', 'RELEASEDIR', 'FLUSH'].includes(name),
);

const spoilt = (where: 'link-request' | 'link-reply' | 'filesystem', operations: readonly OperationName[]): Kind[] => [
  at(where, (draw) => ({ kind: 'bit-flip', bits: 1 + draw.below(3) }), operations),
  at(where, (draw) => ({ kind: 'range', offset: draw.below(64), length: 1 + draw.below(600) }), operations),
  at(where, (draw) => ({ kind: 'zero-sector', size: size(draw) }), operations),
];

const table = {
  errno: [at('link-request', errno), at('filesystem', errno)],
  'errno-after': [at('link-reply', errno), at('filesystem', errnoAfter), at('link-reply', { kind: 'wrong-length' })],
  delay: [at('link-request', delay), at('link-reply', delay), at('filesystem', delay)],
  reorder: [at('link-request', reorder), at('link-reply', reorder)],
  duplicate: [
    at('link-request', { kind: 'duplicate' }, repeatable),
    at('link-reply', (draw) => ({ kind: 'duplicate', ms: draw.of([0, 1, 50]) })),
  ],
  drop: [
    at('link-request', { kind: 'drop' }),
    at('link-reply', { kind: 'drop' }),
    at('link-request', { kind: 'hang' }),
  ],
  interrupt: [at('link-request', { kind: 'interrupt' }), at('process', { kind: 'interrupt' })],
  kill: [at('process', { kind: 'kill' })],
  short: [
    at('link-request', { kind: 'short' }, transfers),
    at('link-reply', { kind: 'short' }, reads),
    at('filesystem', { kind: 'short' }, transfers),
  ],
  corruption: [
    ...spoilt('link-request', ['WRITE']),
    ...spoilt('link-reply', reads),
    ...spoilt('filesystem', transfers),
    at('link-request', (draw) => ({ kind: 'torn', size: size(draw) })),
    at('filesystem', (draw) => ({ kind: 'torn', size: size(draw) })),
    at('filesystem', (draw) => ({ kind: 'misdirect', by: draw.of([512, 4096, -512, -4096]) })),
    at('filesystem', { kind: 'stale-read' }),
    at('link-reply', { kind: 'stale-read' }),
  ],
  stale: [
    at('link-request', { kind: 'stale', how: 'forgotten' }),
    at('link-request', { kind: 'stale', how: 'handle' }),
    at('filesystem', { kind: 'stale', how: 'handle' }),
    at('link-reply', { kind: 'stale', how: 'generation' }),
    at('link-request', { kind: 'stale', how: 'reused' }),
  ],
  lie: [
    at('link-reply', (draw) => ({ kind: 'lie', size: { add: draw.of([-1, 1, -4096, 4096]) } })),
    at('filesystem', (draw) => ({ kind: 'lie', mtime: { add: draw.of([-1, 1, 1000]) } })),
    at('filesystem', (draw) => ({ kind: 'lie', mode: draw.of([0o100000, 0o40777]) })),
    at('link-reply', { kind: 'lie', nlink: 0 }),
  ],
  fsync: [
    at('filesystem', (draw) => ({ kind: 'fsync-once', errno: draw.of(['EIO', 'ENOSPC'] as const) })),
    at('filesystem', { kind: 'fsync-lies' }),
    at('link-request', errno, syncs),
    at('filesystem', errno, syncs),
  ],
  cache: [
    at('page-cache', { kind: 'drop-pages' }),
    at('page-cache', { kind: 'drop-dentries' }),
    at('page-cache', { kind: 'keep-stale' }),
  ],
  clock: [at('clock', (draw) => ({ kind: 'jump', ms: draw.of([-3_600_000, -10, 10, 3_600_000]) }))],
  queue: [at('link-request', (draw) => ({ kind: 'full-queue', ms: milliseconds(draw) }))],
  restart: [at('process', (draw) => ({ kind: 'restart', memory: 'kept', requests: 'resend', ms: draw.of([0, 5]) }))],
  crash: [
    at('process', { kind: 'crash' }),
    at('process', { kind: 'restart', memory: 'lost' }),
    at('process', { kind: 'restart', memory: 'kept', requests: 'lost' }),
  ],
} as const satisfies Readonly<Record<string, readonly Kind[]>>;

export type FaultClass = keyof typeof table;

/** The built-in classes of faults, by name. */
export const faultClasses = Object.keys(table) as readonly FaultClass[];

/** The faults of a class that there may be; undefined stands for a simulation, which has all. */
function kindsOf(name: FaultClass, support: FaultSupport | undefined): readonly Kind[] {
  if (support === undefined) return table[name];
  const sample = new Draw(new fc.Random(seededRandom(0, 0)));
  return table[name].filter(({ where, what }) =>
    // The compiler does not see that the fault is one of the place.
    isSupported({ name, where, what: what(sample, 'GETATTR') } as Rule, support),
  );
}

/** The classes of which there may be any faults. */
export const classesUnder = (support: FaultSupport | undefined): readonly FaultClass[] =>
  faultClasses.filter((name) => kindsOf(name, support).length > 0);

/** How often a rule strikes that is about all operations, and one that is about a few. */
const seldom: readonly number[] = [0.005, 0.02, 0.1];
const often: readonly number[] = [0.1, 0.4, 1];
/** What programs ask for most. */
const common: readonly OperationName[] = [
  'LOOKUP',
  'CREATE',
  'MKDIR',
  'UNLINK',
  'RENAME',
  'SETATTR',
  'READ',
  'WRITE',
  'FLUSH',
];
/** No rule strikes more often in a program: what is permitted then is soon everything. */
const MOST_STRIKES = 3;

/** How many classes a program meets, and how much oftener than the others some are drawn: paths of errors are most of what there is. */
const numbers: readonly number[] = [1, 1, 1, 2, 2, 4];
const weights: Readonly<Partial<Record<FaultClass, number>>> = { errno: 6, 'errno-after': 4, interrupt: 2, short: 2 };

/**
 * Draws the faults of one program: some of the classes, of each some faults, of each at some operations (swarm testing, Groce
 * et al., ISSTA 2012).
 */
export function drawPlan(draw: Draw, classes: readonly FaultClass[], support?: FaultSupport): FaultPlan {
  const likely = classes.flatMap((name) => new Array<FaultClass>(weights[name] ?? 1).fill(name));
  const chosen = new Set(Array.from({ length: draw.of(numbers) }, () => draw.of(likely)));
  const rules: Rule[] = [];
  for (const name of chosen) {
    const kinds = kindsOf(name, support);
    const some = kinds.filter(() => kinds.length === 1 || draw.chance(50));
    for (const kind of some.length > 0 ? some : [draw.of(kinds)])
      rules.push(ruleOf(draw, name, table[name].indexOf(kind as never), kind));
  }
  return checkPlan({ seed: draw.below(1 << 12), rules });
}

function ruleOf(draw: Draw, name: FaultClass, number: number, { where, what, operations }: Kind): Rule {
  const sample = what(draw, 'GETATTR');
  const possible = operations ?? operationsOf(where, sample);
  const isFew = draw.chance(60);
  const usual = possible.filter((operation) => common.includes(operation));
  const one = (): OperationName => draw.of(usual.length > 0 && draw.chance(60) ? usual : possible);
  const few = isFew ? [one(), one()] : possible;
  const fault = what(draw, draw.of(few));
  const met = operationsOf(where, fault);
  const struck = few.filter(
    (operation) =>
      met.includes(operation) &&
      (fault.kind !== 'errno' || [fault.errno].flat().some((one) => realisticErrnos(operation).includes(one))),
  );
  // The compiler does not see that the fault is one of the place.
  return {
    name: `${name} ${number + 1} (${fault.kind} at ${where})`,
    where,
    when: {
      operation: [...new Set(struck.length > 0 ? struck : possible)],
      probability: draw.of(isFew ? often : seldom),
    },
    what: fault,
    times: 1 + draw.below(MOST_STRIKES),
  } as Rule;
}
