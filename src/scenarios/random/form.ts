import fc from 'fast-check';
import { type Program, programs } from '../../check/index.ts';
import { faultPlan, when } from '../../fault/index.ts';
import { nfsWithout, withoutCaches } from '../../nfs/index.ts';
import { type Call, O_APPEND, O_CREAT, O_RDONLY, O_RDWR, root } from '../../vfs/index.ts';
import type { Setting } from '../scenario.ts';
import type { Site } from '../site.ts';
import type { WireFault, WireRule } from '../wire/rule.ts';

/** What befalls random programs: the faults of a scenario, again and again. */
export interface RandomForm {
  /** 1: all processes are on one client; 2: on two, in turn. */
  readonly clients: 1 | 2;
  /** On top of the settings of the scenario, without and with the remedy. */
  readonly setting?: Setting;
  /** Faults on the wire, again and again. */
  readonly rules?: (site: Site) => readonly WireRule[];
  /** What the programs are compared with: the remedy under the same faults (the default), or no faults. */
  readonly reference?: 'remedy' | 'no-faults';
  /** Comes before every `every`th call, of these calls where some are given. */
  readonly event?: {
    readonly kind: 'restart' | 'crash';
    readonly every: number;
    readonly calls?: readonly Call['op'][];
  };
  /** Of the calls that tell the runs apart, those whose result without the remedy is this are meant. */
  readonly symptom?: RegExp;
  /** Calls that programs are not to make. */
  readonly no?: readonly Call['op'][];
  /** Files in /d from the start. */
  readonly files?: number;
  /** What programs are drawn from; by default all that the check draws. */
  readonly programs?: fc.Arbitrary<Program>;
}

/** What a client forgets at once, and no page stays in the kernel. */
const fresh: Setting = { client: withoutCaches, mount: { directIo: true } };
const uncached: Setting = { client: withoutCaches };

const lost: WireFault = { kind: 'break' };
const twoClients = { clients: 2, setting: fresh } as const;
/** A client's own removals are no matter. */
const aside: RandomForm = {
  clients: 2,
  setting: { ...fresh, client: { ...withoutCaches, habits: { sillyRename: 'aside' } } },
};
const mapping: readonly Call['op'][] = ['mmap', 'munmap', 'msync', 'load', 'store'];
const bytes = /^[1-9][0-9]* bytes/;

const processes = [1, 2].map((pid) => ({ ...root, pid, umask: 0o022 }));
const program = (steps: Program['steps']): Program => ({ version: 1, processes, steps });

/** Lists /d in pages, with files removed in between. */
const listings: fc.Arbitrary<Program> = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: fc.constant<Call>({ op: 'getdents', fd: 3, size: 4096 }) },
      fc.nat(249).map((i): Call => ({ op: 'unlink', path: `/d/file-${String(i).padStart(4, '0')}` })),
    ),
    { minLength: 1, maxLength: 30, size: 'max' },
  )
  .map((calls) =>
    program(
      [{ op: 'open', path: '/d', flags: O_RDONLY, mode: 0, into: 3 } as const, ...calls].map((call) => ({
        pid: 1,
        call,
      })),
    ),
  );

const size = fc.nat(9);
/** One process lists the root while another changes the size of a file there. */
const stormed: fc.Arbitrary<Program> = fc
  .array(
    fc.oneof(
      size.map((to) => [
        { pid: 1, call: { op: 'open', path: '/', flags: O_RDONLY, mode: 0, into: 5 } as const },
        { pid: 1, call: { op: 'getdents', fd: 5, size: 4096 } as const },
        { pid: 2, call: { op: 'ftruncate', fd: 3, size: to } as const, beside: true as const },
      ]),
      size.map((to) => [{ pid: 2, call: { op: 'ftruncate', fd: 3, size: to } as const }]),
      fc.constant([{ pid: 2, call: { op: 'fstat', fd: 3 } as const }]),
    ),
    { maxLength: 12, size: 'max' },
  )
  .map((groups) =>
    program([
      { pid: 2, call: { op: 'open', path: '/f', flags: O_RDWR | O_CREAT, mode: 0o644, into: 3 } },
      ...groups.flat(),
    ]),
  );

const slowNames = faultPlan(1)
  .rule('the disk is slow', 'filesystem', when.operation('UNLINK', 'RMDIR', 'MKDIR', 'CREATE', 'RENAME', 'SYMLINK'), {
    kind: 'delay',
    ms: 1500,
  })
  .build();

/** Calls of two processes, drawn from these. */
const callsOf = (...calls: readonly Call[]): fc.Arbitrary<Program> =>
  fc
    .array(fc.record({ pid: fc.constantFrom(1, 2), call: fc.constantFrom(...calls) }), { maxLength: 30, size: 'max' })
    .map(program);

const openFor = (path: string, flags: number): Call => ({ op: 'open', path, flags, mode: 0o644, into: 3 });
const readAll: Call = { op: 'pread', fd: 3, size: 100, offset: 0 };
const text = (given: string): Call => ({ op: 'pwrite', fd: 3, data: Buffer.from(given), offset: 0 });

/** Two clients that write a file and read it. */
const versions = callsOf(openFor('/f', O_RDWR | O_CREAT), text('old'), text('new'), { op: 'close', fd: 3 }, readAll);

const replacing = callsOf(
  ...['/a', '/b'].map((path) => openFor(path, O_RDWR | O_CREAT)),
  text('x'),
  readAll,
  { op: 'rename', path: '/a', newPath: '/b', flags: 0 },
  { op: 'rename', path: '/b', newPath: '/a', flags: 0 },
);

const appending = callsOf(
  openFor('/log', O_RDWR | O_CREAT | O_APPEND),
  ...['A', 'B'].map((letter): Call => ({ op: 'write', fd: 3, data: Buffer.from(letter) })),
  readAll,
);

const changing = ['CREATE', 'MKDIR', 'SYMLINK', 'MKNOD', 'REMOVE', 'RMDIR', 'RENAME', 'LINK'] as const;
/** What befalls replies to calls that must not run twice. */
export const changes = (nth: WireRule['nth'], fault: WireFault): WireRule => ({
  at: 'reply',
  procedure: '*',
  where: ({ procedure }) => changing.some((name) => name === procedure),
  nth,
  fault,
});

/** By the id of the scenario. */
export const forms: Readonly<Record<string, RandomForm>> = {
  'remote-unlink': { ...aside, symptom: /^ESTALE$/, no: ['rename'] },
  'rename-over': { ...aside, symptom: /^ESTALE$/, programs: replacing },
  'restart-voids-handles': { clients: 1, setting: fresh, event: { kind: 'restart', every: 3 } },
  'fsid-change': { clients: 1, setting: fresh, event: { kind: 'crash', every: 3 } },
  'inode-reuse': {
    clients: 2,
    setting: { ...fresh, client: { ...withoutCaches, habits: { sillyRename: 'off' } } },
    symptom: bytes,
  },
  'path-backed-handle': { clients: 1, setting: fresh },
  'evicted-handle': { clients: 1, setting: fresh },
  'subtree-check': { clients: 1, setting: fresh },
  'retry-new-port': {
    clients: 1,
    setting: { ...fresh, client: { ...withoutCaches, sourceport: 'new' } },
    rules: () => [changes({ every: 3 }, lost)],
  },
  'retry-after-reboot': {
    clients: 1,
    setting: fresh,
    rules: (site) => [
      changes({ every: 3 }, { kind: 'meanwhile', run: () => void site.crashServer() }),
      changes({ every: 3 }, lost),
    ],
  },
  'retry-in-progress': {
    clients: 1,
    setting: { ...fresh, client: { ...withoutCaches, timeo: 10 }, disk: slowNames },
  },
  'false-cache-hit': { ...twoClients, setting: { ...fresh, sameXids: true } },
  'late-duplicate-write': {
    clients: 1,
    setting: fresh,
    rules: () => [{ at: 'call', procedure: 'WRITE', nth: { every: 2 }, fault: { kind: 'copy', ms: 8 } }],
  },
  'lost-unstable-write': {
    clients: 1,
    setting: { client: { ...withoutCaches, writes: 'through' }, mount: { directIo: true } },
    event: { kind: 'crash', every: 1, calls: ['fsync', 'fdatasync', 'close'] },
  },
  'exclusive-retry': {
    clients: 1,
    setting: fresh,
    rules: () => [{ at: 'reply', procedure: 'CREATE', nth: { every: 2 }, fault: lost }],
  },
  'append-race': { clients: 2, setting: uncached, programs: appending, symptom: bytes },
  'close-to-open': { clients: 2, no: mapping, symptom: bytes },
  'attribute-cache': {
    clients: 2,
    setting: { mount: { directIo: true }, client: { lookupcache: 'none', writes: 'sync' } },
    symptom: /^mode/,
  },
  'negative-lookup': {
    clients: 2,
    setting: { mount: { directIo: true }, client: { writes: 'sync' } },
    symptom: /^ENOENT$/,
  },
  'mtime-granularity': { clients: 2, setting: uncached, programs: versions, symptom: bytes },
  'cookie-reset': { clients: 1, files: 250, programs: listings },
  'bad-cookie': { clients: 1, files: 250, programs: listings },
  'silly-rename': { clients: 1, setting: fresh },
  'wire-corruption': {
    clients: 1,
    setting: fresh,
    rules: () => [
      { at: 'call', procedure: 'WRITE', nth: { every: 2 }, fault: { kind: 'damage', damage: 'swap-words' } },
    ],
    reference: 'no-faults',
  },
  'readdirplus-attr-storm': {
    clients: 1,
    programs: stormed,
    rules: () => [{ at: 'reply', procedure: 'READDIRPLUS', nth: 'every', fault: { kind: 'delay', ms: 500 } }],
  },
};

/** The programs of a form. */
export function programsOf({ programs: own, no }: RandomForm): fc.Arbitrary<Program> {
  const drawn = own ?? programs({ without: new Set(nfsWithout), maxCalls: 60 });
  if (no === undefined) return drawn;
  return drawn.map((each) => ({ ...each, steps: each.steps.filter(({ call }) => !no.includes(call.op)) }));
}
