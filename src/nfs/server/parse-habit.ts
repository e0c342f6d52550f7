import { didYouMean } from '../../vfs/index.ts';
import type { HandleHabit, ReplyCacheHabit, ServerHabits } from './options.ts';

const lossless = { kind: 'on', size: 1024, inProgress: true, atRestart: 'lost' } as const;
const cacheKeyedBy = (call: 'xid' | 'call', caller: 'none' | 'address' | 'port'): ReplyCacheHabit => ({
  ...lossless,
  key: { call, caller },
});

const handles: Readonly<Record<string, HandleHabit>> = {
  inode: { kind: 'inode' },
  'subtree-check': { kind: 'subtree-check' },
  path: { kind: 'path' },
  table: { kind: 'table', capacity: 100 },
  'boot-generation': { kind: 'boot-generation' },
  'recycled-generation': { kind: 'recycled-generation' },
};

const replyCaches: Readonly<Record<string, ReplyCacheHabit>> = {
  on: cacheKeyedBy('call', 'address'),
  off: { kind: 'off' },
  port: cacheKeyedBy('call', 'port'),
  xid: cacheKeyedBy('xid', 'none'),
  'when-done': { ...lossless, key: { call: 'call', caller: 'address' }, inProgress: false },
  kept: { ...lossless, key: { call: 'call', caller: 'address' }, atRestart: 'kept' },
};

type Choices<T> = Readonly<Record<string, T>>;
const named = <const Names extends readonly string[]>(...names: Names): Choices<Names[number]> =>
  Object.fromEntries(names.map((name) => [name, name]));

const habits: { readonly [Name in keyof ServerHabits]: Choices<ServerHabits[Name]> } = {
  handles,
  fsid: named('fixed', 'changes'),
  replyCache: replyCaches,
  sync: named('honest', 'lies', 'async'),
  writeVerifier: named('one', 'split-brain'),
  exclusive: named('stored', 'forgotten', 'unsupported'),
  cookies: named('stable', 'renumbered', 'fileid'),
  cookieVerifier: named('zero', 'mtime'),
  times: named('exact', 'seconds'),
  crashLoses: named('nothing', 'unsynced', 'unsynced-and-names'),
};

/** The habits that there are, one a line, the good one first. */
export function listHabits(): readonly string[] {
  return Object.entries(habits).map(([name, choices]) => `${name}=${Object.keys(choices).join('|')}`);
}

/**
 * A habit as a command line has it: `handles=path`, `replyCache=off`, `handles=table:50` (files), `replyCache=on:8` (calls).
 * @throws Error with the nearest that there is
 */
export function parseHabit(text: string): Partial<ServerHabits> {
  const match = /^(\w+)=([\w-]+)(?::([1-9]\d*))?$/.exec(text);
  if (match === null) throw new Error(`habit: expected NAME=CHOICE, given "${text}"`);
  const [, name, choice, number] = match;
  if (!Object.hasOwn(habits, name)) {
    const names = Object.keys(habits);
    throw new Error(`habit: unknown name "${name}"${didYouMean(name, names)}; there are: ${names.join(', ')}`);
  }
  const choices: Choices<unknown> = habits[name as keyof ServerHabits];
  if (!Object.hasOwn(choices, choice)) {
    const names = Object.keys(choices);
    throw new Error(`habit ${name}: unknown "${choice}"${didYouMean(choice, names)}; there are: ${names.join(', ')}`);
  }
  if (number === undefined) return { [name]: choices[choice] };
  if (name === 'handles' && choice === 'table') return { handles: { kind: 'table', capacity: Number(number) } };
  const cache = replyCaches[choice];
  if (name === 'replyCache' && cache.kind === 'on') return { replyCache: { ...cache, size: Number(number) } };
  throw new Error(`habit ${name}=${choice}: expected no number behind it, given ${number}`);
}
