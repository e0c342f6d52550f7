import type { Condition, OffsetRange, OneOrMore } from '../plan/condition.ts';
import { listOf } from '../plan/list.ts';
import type { FaultEvent } from './event.ts';
import { compileGlob } from './glob.ts';

/** What a condition asks beside the event. */
export interface Circumstances {
  /** Milliseconds since the faults were armed. */
  now(): number;
  hasStruck(rule: string): boolean;
  isOn(name: string): boolean;
  /** From 0 up to 1, for this event and this purpose. */
  draw(purpose: string): number;
}

export type Test = (event: FaultEvent, circumstances: Circumstances) => boolean;

const PAGE = 4096;

/** The test of a condition; it keeps the counts of `nth` and `every`. `place` tells its draws from those of others. */
export function compileCondition(condition: Condition, place = 'when'): Test {
  const tests: Test[] = [
    oneOf(condition.operation, (event) => event.operation),
    oneOf(condition.node, (event) => event.node),
    oneOf(condition.pid, (event) => event.pid),
    oneOf(condition.uid, (event) => event.uid),
    oneOf(condition.disk, (event) => event.disk),
    oneOf(condition.host, (event) => event.host),
    oneOf(condition.port, (event) => event.port),
    oneOf(condition.xid, (event) => event.xid),
    ofPath(condition.path),
    ofOffset(condition.offset),
    ...circumstantial(condition),
    ...combined(condition, place),
    ...counted(condition, place),
  ].filter((test) => test !== undefined);
  return (event, circumstances) => tests.every((test) => test(event, circumstances));
}

function oneOf<T extends string | number>(
  wanted: OneOrMore<T> | undefined,
  of: (event: FaultEvent) => T | undefined,
): Test | undefined {
  if (wanted === undefined) return undefined;
  const values = new Set<T | undefined>(listOf(wanted));
  return (event) => {
    const value = of(event);
    return value !== undefined && values.has(value);
  };
}

function ofPath(globs: OneOrMore<string> | undefined): Test | undefined {
  if (globs === undefined) return undefined;
  const matchers = listOf(globs).map(compileGlob);
  return (event) => event.paths().some((path) => matchers.some((matches) => matches(path)));
}

function ofOffset(range: OffsetRange | undefined): Test | undefined {
  if (range === undefined) return undefined;
  const { from = 0, to = Number.POSITIVE_INFINITY, aligned } = range;
  return ({ offset, length }) => {
    if (offset === undefined) return false;
    const end = offset + Math.max(1, length ?? 1);
    if (offset >= to || end <= from) return false;
    if (aligned === undefined) return true;
    const onPages = offset % PAGE === 0 && (length ?? 0) % PAGE === 0;
    return onPages === (aligned === 'page');
  };
}

function circumstantial({ time, after, switch: name }: Condition): Test[] {
  const tests: Test[] = [];
  if (time !== undefined) {
    const { from = 0, to = Number.POSITIVE_INFINITY } = time;
    tests.push((_, { now }) => now() >= from && now() < to);
  }
  if (after !== undefined) tests.push((_, circumstances) => circumstances.hasStruck(after));
  if (name !== undefined) tests.push((_, circumstances) => circumstances.isOn(name));
  return tests;
}

function combined({ all, any, not }: Condition, place: string): Test[] {
  const inner = (key: string, conditions: readonly Condition[]): Test[] =>
    conditions.map((condition, i) => compileCondition(condition, `${place}.${key}[${i}]`));
  const tests: Test[] = [...inner('all', all ?? [])];
  if (any !== undefined) {
    const alternatives = inner('any', any);
    tests.push((event, circumstances) => alternatives.some((test) => test(event, circumstances)));
  }
  if (not !== undefined) {
    const opposite = compileCondition(not, `${place}.not`);
    tests.push((event, circumstances) => !opposite(event, circumstances));
  }
  return tests;
}

/** Each counts what the tests before it let through. */
function counted({ nth, every, probability }: Condition, place: string): Test[] {
  const tests: Test[] = [];
  if (nth !== undefined) {
    const wanted = new Set(listOf(nth));
    let count = 0;
    tests.push(() => wanted.has(++count));
  }
  if (every !== undefined) {
    let count = 0;
    tests.push(() => ++count % every === 0);
  }
  if (probability !== undefined) tests.push((_, { draw }) => draw(`${place}.probability`) < probability);
  return tests;
}
