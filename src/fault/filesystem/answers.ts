import {
  type Attributes,
  type Created,
  type Entry,
  Errno,
  type Handle,
  type Opened,
  type U64,
} from '../../vfs/index.ts';
import type { Lie, LieFault } from '../plan/faults.ts';

/** Goes on with an answer when it is there: at once, or when its promise is kept. */
export function whenAnswered(answer: unknown, next: (answer: unknown) => unknown): unknown {
  return answer instanceof Promise ? answer.then(next) : next(answer);
}

export const failed = (answer: unknown): boolean => answer instanceof Errno;

const isEntry = (answer: unknown): answer is Entry =>
  typeof answer === 'object' && answer !== null && 'node' in answer && 'attributes' in answer;
const isCreated = (answer: unknown): answer is Created =>
  typeof answer === 'object' && answer !== null && 'entry' in answer && 'opened' in answer;

/** The entry in an answer of lookup, mkdir, create and the like. */
export function entryIn(answer: unknown): Entry | undefined {
  if (isCreated(answer)) return answer.entry;
  return isEntry(answer) ? answer : undefined;
}

/** The handle in an answer of open, opendir, create or tmpfile. */
export function handleIn(answer: unknown): Handle {
  return (isCreated(answer) ? answer.opened : (answer as Opened)).fh;
}

function withEntry(answer: unknown, change: (entry: Entry) => Entry): unknown {
  if (isCreated(answer)) return { ...answer, entry: change(answer.entry) };
  return isEntry(answer) ? change(answer) : answer;
}

export function withGeneration(answer: unknown, by: number): unknown {
  return withEntry(answer, (entry) => ({ ...entry, generation: canonical(BigInt(entry.generation) + BigInt(by)) }));
}

const canonical = (value: bigint): U64 => (value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value);

const told = (lie: Lie, truth: number): number => (typeof lie === 'number' ? lie : Math.max(0, truth + lie.add));

/** Attributes, or an entry, with lies in them; `say` hears of them. */
export function withLies(answer: unknown, { kind: _, ...lies }: LieFault, say: (what: string) => void): unknown {
  const lied = (truth: Attributes): Attributes => {
    const { mtime, ...numbers } = lies;
    const said: string[] = [];
    const changed: Record<string, number> = {};
    for (const [key, lie] of Object.entries(numbers) as [keyof typeof numbers, Lie][]) {
      changed[key] = told(lie, Number(truth[key]));
      said.push(`${key} ${changed[key]} instead of ${truth[key]}`);
    }
    const sec = mtime === undefined ? truth.mtime.sec : told(mtime, truth.mtime.sec);
    if (mtime !== undefined) said.push(`mtime ${sec} instead of ${truth.mtime.sec}`);
    say(said.join(', '));
    return { ...truth, ...changed, mtime: { sec, nsec: truth.mtime.nsec } };
  };
  if (entryIn(answer) !== undefined)
    return withEntry(answer, (entry) => ({ ...entry, attributes: lied(entry.attributes) }));
  return isAttributes(answer) ? lied(answer) : answer;
}

const isAttributes = (answer: unknown): answer is Attributes =>
  typeof answer === 'object' && answer !== null && 'nlink' in answer && 'mtime' in answer;
