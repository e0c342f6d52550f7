import { type ProgramProcess, parseScript } from '../check/index.ts';
import { type ArgumentKind, type Call, nameToBytes, syscalls } from '../vfs/index.ts';
import { CONTROL } from './filesystem.ts';

/** What a script does next. */
export type Step =
  | { readonly kind: 'call'; readonly pid: number; readonly call: Call }
  /** Lets time pass, seconds: what the kernel keeps for a finite time ends. */
  | { readonly kind: 'wait'; readonly seconds: number };

/** A script of system calls whose requests are compared. `/` is a directory of its own. */
export interface Script {
  readonly name: string;
  readonly processes: readonly ProgramProcess[];
  readonly steps: readonly Step[];
}

/** The processes of scripts of the corpus. */
const processes: readonly ProgramProcess[] = [
  { pid: 1, uid: 0, gid: 0, groups: [], umask: 0o022 },
  { pid: 2, uid: 1000, gid: 1000, groups: [2000], umask: 0o022 },
  { pid: 3, uid: 1001, gid: 1001, groups: [1000], umask: 0o022 },
];

/** The process by which a script speaks to the filesystem. */
export const DIRECTOR = 99;

/**
 * Reads a script: lines as `parseScript` of the checks has them (`p1 fd3 = open("/a", O_RDWR|O_CREAT, 0644)`), `wait 2.5`, and
 * what the filesystem is told to do by itself, `daemon inval_inode /a 0 0` (see `filesystem.ts`).
 *
 * @throws Error that names the line
 */
export function readScript(name: string, text: string): Script {
  const steps = text.split('\n').flatMap((raw, i): Step[] => {
    const line = raw.trim();
    if (line === '') return [];
    const wait = /^wait ([\d.]+)$/.exec(line);
    if (wait !== null) return [{ kind: 'wait', seconds: Number(wait[1]) }];
    const order = /^daemon (.*)$/.exec(line);
    if (order !== null) return [{ kind: 'call', pid: DIRECTOR, call: tell(order[1]) }];
    try {
      return parseScript(line).steps.map((step) => ({ kind: 'call', ...step }));
    } catch (error) {
      throw new Error(`script "${name}", line ${i + 1}: ${error instanceof Error ? error.message : error}`);
    }
  });
  return { name, processes, steps };
}

const tell = (order: string): Call => ({
  op: 'setxattr',
  path: '/',
  name: CONTROL,
  value: nameToBytes(order),
  flags: 0,
});

const isOrder = (call: Call): boolean => call.op === 'setxattr' && call.name === CONTROL;

/** The same step with `/` being `directory`. */
export function within(step: Step, directory: string): Step {
  if (step.kind !== 'call') return step;
  const { call } = step;
  const move = (path: string): string =>
    path === '/' ? directory : path.startsWith('/') ? `${directory}${path}` : path;
  if (call.op === 'setxattr' && isOrder(call)) {
    const words = Buffer.from(call.value as Uint8Array)
      .toString()
      .split(' ');
    return { ...step, call: tell(words.map(move).join(' ')) };
  }
  const kinds: Readonly<Record<string, ArgumentKind>> = syscalls[call.op].arguments;
  const moved = Object.entries(call).map(([key, value]) => {
    const isPath = kinds[key] === 'path' || kinds[key] === 'text';
    return [key, isPath ? move(value as string) : value];
  });
  return { ...step, call: Object.fromEntries(moved) as unknown as Call };
}
