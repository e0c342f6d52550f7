import { describe, expect, test } from 'vitest';
import {
  type Condition,
  checkPlan,
  FaultEngine,
  type FaultEvent,
  type InjectedFault,
  showInjected,
  showUnfired,
} from '../../src/fault/index.ts';
import { compileGlob } from '../../src/fault/match/glob.ts';
import { NodePaths } from '../../src/fault/match/node-paths.ts';

const event = (given: Partial<FaultEvent> = {}, path = '/a'): FaultEvent & { where: 'filesystem' } => ({
  operation: 'READ',
  node: 2,
  uid: 0,
  pid: 1,
  offset: 0,
  length: 4096,
  paths: () => [path],
  ...given,
  where: 'filesystem',
});

function engineFor(
  when: Condition,
  seed = 1,
): { engine: FaultEngine; time: { ms: number }; strikes(...events: FaultEvent[]): boolean[] } {
  const time = { ms: 0 };
  const what = { kind: 'errno', errno: 'EIO' };
  const plan = checkPlan({
    seed,
    switches: { on: true, off: false },
    rules: [
      { name: 'first', where: 'filesystem', when: { operation: 'STATFS' }, what },
      { name: 'rule', where: 'filesystem', when, what },
    ],
  });
  const engine = new FaultEngine(plan, { now: () => time.ms });
  return {
    engine,
    time,
    strikes: (...events) =>
      events.map((given) => {
        const struck = engine.strikes({ ...given, where: 'filesystem' });
        for (const strike of struck) strike.injected();
        return struck.some(({ rule }) => rule.name === 'rule');
      }),
  };
}

const cases: readonly (readonly [Condition, readonly Partial<FaultEvent>[], readonly boolean[]])[] = [
  [{ operation: ['READ', 'WRITE'] }, [{}, { operation: 'WRITE' }, { operation: 'FSYNC' }], [true, true, false]],
  [{ node: 2 }, [{}, { node: 3 }], [true, false]],
  [{ pid: [7, 8], uid: 5 }, [{ pid: 8, uid: 5 }, { pid: 8 }], [true, false]],
  [
    { offset: { from: 4096, to: 8192 } },
    [{}, { offset: 1 }, { offset: 8191 }, { offset: 8192 }],
    [false, true, true, false],
  ],
  [{ offset: { aligned: 'page' } }, [{}, { offset: 1 }, { length: 100 }], [true, false, false]],
  [{ offset: { aligned: 'unaligned' } }, [{}, { length: 100 }, { offset: undefined }], [false, true, false]],
  [{ nth: [2, 4] }, [{}, {}, {}, {}, {}], [false, true, false, true, false]],
  [{ operation: 'WRITE', every: 2 }, [{ operation: 'WRITE' }, {}, { operation: 'WRITE' }], [false, false, true]],
  [{ after: 'first' }, [{}, { operation: 'STATFS' }, {}], [false, false, true]],
  [{ switch: 'on' }, [{}], [true]],
  [{ switch: 'off' }, [{}], [false]],
  [{ any: [{ node: 5 }, { uid: 0 }], not: { pid: 9 } }, [{}, { pid: 9 }, { uid: 3 }], [true, false, false]],
  [{ all: [{ every: 2 }, { nth: 1 }] }, [{}, {}, {}, {}], [false, true, false, false]],
];

test.for(cases)('%j', ([when, events, expected]) => {
  const { strikes } = engineFor(when);
  expect(strikes(...events.map((given) => event(given)))).toEqual(expected);
});

test('a window of time', () => {
  const { strikes, time } = engineFor({ time: { from: 10, to: 20 } });
  const at = (ms: number): boolean => {
    time.ms = ms;
    return strikes(event())[0];
  };
  expect([9, 10, 19, 20].map(at)).toEqual([false, true, true, false]);
});

describe('a probability', () => {
  const events = Array.from({ length: 400 }, (_, i) => event({}, `/f${i % 40}`));

  test('is kept about, and another seed gives another choice', () => {
    const struck = engineFor({ probability: 0.25 }).strikes(...events);
    const count = struck.filter(Boolean).length;
    expect(count).toBeGreaterThan(60);
    expect(count).toBeLessThan(140);
    expect(engineFor({ probability: 0.25 }).strikes(...events)).toEqual(struck);
    expect(engineFor({ probability: 0.25 }, 2).strikes(...events)).not.toEqual(struck);
  });

  test('taking events out leaves the choice for the others as it was', () => {
    const whole = engineFor({ probability: 0.5 }).strikes(...events);
    const kept = events.map((_, i) => i).filter((i) => i % 40 !== 7);
    const rest = engineFor({ probability: 0.5 }).strikes(...kept.map((i) => events[i]));
    expect(rest).toEqual(kept.map((i) => whole[i]));
  });

  test('an engine strikes exactly where an earlier run did', () => {
    const injected: InjectedFault[] = [];
    const plan = checkPlan({
      rules: [{ name: 'r', where: 'filesystem', when: { probability: 0.1 }, what: { kind: 'errno', errno: 'EIO' } }],
    });
    const run = (engine: FaultEngine): number[] =>
      events.flatMap((given, i) => {
        const struck = engine.strikes({ ...given, where: 'filesystem' });
        for (const strike of struck) strike.injected();
        return struck.length > 0 ? [i] : [];
      });
    const first = run(new FaultEngine(plan, { now: () => 0, observe: (fault) => injected.push(fault) }));
    expect(run(new FaultEngine(plan, { now: () => 0, only: injected }))).toEqual(first);
    expect(run(new FaultEngine(plan, { now: () => 0, only: injected.slice(0, 2) }))).toEqual(first.slice(0, 2));
  });
});

test('a rule strikes as often as it may, and rests while it or the plan is off', () => {
  const errno = { kind: 'errno', errno: 'EIO' } as const;
  const plan = checkPlan({ rules: [{ name: 'r', where: 'filesystem', what: errno, times: 2 }] });
  const engine = new FaultEngine(plan, { now: () => 0 });
  const strike = (): number => {
    const struck = engine.strikes(event());
    for (const { injected } of struck) injected();
    return struck.length;
  };
  expect(strike()).toBe(1);
  engine.turn(false);
  expect(strike()).toBe(0);
  engine.turn(true);
  expect([strike(), strike()]).toEqual([1, 0]);
  engine.load(checkPlan({ rules: [{ ...plan.rules[0], enabled: false }] }));
  expect(engine.report()).toMatchObject([{ rule: 'r', enabled: false, injected: 2 }]);
});

test('what was injected is told in a line, and so is what never was', () => {
  const lines: string[] = [];
  const plan = checkPlan({
    rules: [
      { name: 'hit', where: 'filesystem', when: { operation: 'READ' }, what: { kind: 'errno', errno: 'EIO' } },
      { name: 'miss', where: 'filesystem', when: { path: '/z' }, what: { kind: 'errno', errno: 'EIO' } },
      { name: 'empty', where: 'filesystem', when: { operation: 'READ' }, what: { kind: 'bit-flip' } },
      { name: 'rests', where: 'filesystem', what: { kind: 'bit-flip' }, enabled: false },
    ],
  });
  const engine = new FaultEngine(plan, { now: () => 0, observe: (fault) => lines.push(showInjected(fault)) });
  for (const strike of engine.strikes(event({ unique: 12 }))) if (strike.rule.name === 'hit') strike.injected('EIO');
  expect(lines).toEqual(['fault "hit": errno EIO at filesystem, READ "/a" (request 12)']);
  expect(showUnfired(engine.report())).toEqual([
    'rule "miss": armed, never fired',
    'rule "empty": armed, never fired (its condition held 1 times, but there was nothing to spoil)',
    'rule "rests": turned off, never fired',
  ]);
});

const globs: readonly (readonly [glob: string, yes: readonly string[], no: readonly string[]])[] = [
  ['/a/*', ['/a/b', '/a/.b'], ['/a', '/a/b/c']],
  ['/a/**', ['/a', '/a/b', '/a/b/c'], ['/ab']],
  ['/**', ['/', '/a', '/a/b'], []],
  ['**/*.db', ['/x.db', '/a/b/x.db'], ['/x.dbx']],
  ['/a/**/z', ['/a/z', '/a/b/c/z'], ['/a/bz']],
  ['/{a,b[0-9]}?', ['/ax', '/b1x'], ['/a', '/bx']],
  ['/[!a]', ['/b'], ['/a', '//']],
  ['/a\\*.(b)+', ['/a*.(b)+'], ['/aX.(b)+']],
];
test.for(globs)('glob %s', ([glob, yes, no]) => {
  const matches = compileGlob(glob);
  expect(yes.filter((path) => !matches(path))).toEqual([]);
  expect(no.filter(matches)).toEqual([]);
});

describe('paths of nodes', () => {
  test('names are learnt, moved, exchanged and forgotten', () => {
    const nodes = new NodePaths();
    nodes.entered(1, 'd', 2);
    nodes.entered(2, 'f', 3);
    expect(nodes.of(3)).toEqual(['/d/f']);
    nodes.renamed(1, 'd', 1, 'e');
    expect(nodes.of(3)).toEqual(['/e/f']);
    nodes.entered(1, 'g', 4);
    nodes.renamed(2, 'f', 1, 'g', true);
    expect([nodes.of(3), nodes.of(4)]).toEqual([['/g'], ['/e/f']]);
    nodes.forgotten(3, 1);
    expect(nodes.of(3)).toEqual([]);
    expect(nodes.child(1, 'g')).toBeUndefined();
  });

  test('hard links have every name that was seen; what is unlinked keeps its last', () => {
    const nodes = new NodePaths();
    nodes.entered(1, 'a', 2);
    nodes.entered(1, 'b', 2);
    expect(nodes.of(2)).toEqual(['/a', '/b']);
    nodes.removed(1, 'a');
    expect(nodes.of(2)).toEqual(['/b']);
    nodes.removed(1, 'b');
    expect(nodes.of(2)).toEqual(['/b']);
    nodes.entered(1, 'b', 5);
    expect(nodes.of(5)).toEqual(['/b']);
  });

  test('a name that leads elsewhere leaves the other', () => {
    const nodes = new NodePaths();
    nodes.entered(1, 'a', 2);
    nodes.entered(1, 'a', 3);
    expect([nodes.of(2), nodes.of(3)]).toEqual([['/a'], ['/a']]);
    expect(nodes.child(1, 'a')).toBe(3);
  });

  test('names that lead back to where they came from end somewhere', () => {
    const nodes = new NodePaths();
    for (const name of ['a', 'b', 'c']) {
      nodes.entered(2, name, 3);
      nodes.entered(3, name, 2);
    }
    expect(nodes.of(3)).toEqual([]);
  });
});
