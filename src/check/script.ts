import { type ArgumentKind, type Call, type Data, syscalls, type TimeArgument } from '../vfs/index.ts';
import type { Program, ProgramProcess, ProgramStep } from './program.ts';
import { readNumber, showNumber } from './symbols.ts';

/**
 * Programs as text, for people: a line for each process, then the numbered calls.
 *
 *     p1: uid 0, gid 0, umask 022
 *     1  p1  fd3 = open("/a", O_RDWR|O_CREAT, 0644)
 *     2  p1  write(fd3, pattern(0, 4096))
 *     3 &p2  stat("/b")
 *
 * `&`: the call is begun while the one before is under way.
 */
interface Row {
  readonly arguments: Readonly<Record<string, ArgumentKind>>;
  readonly optional?: Readonly<Record<string, ArgumentKind>>;
}

const rowOf = (op: string): Row | undefined =>
  Object.hasOwn(syscalls, op) ? (syscalls as Readonly<Record<string, Row>>)[op] : undefined;

function showData(data: Data): string {
  if (data instanceof Uint8Array) return `bytes(${JSON.stringify(Buffer.from(data).toString('latin1'))})`;
  return `pattern(${data.seed}, ${data.length})`;
}

function showTime(time: TimeArgument): string {
  if (time === 'now') return 'UTIME_NOW';
  if (time === 'omit') return 'UTIME_OMIT';
  return `{${time.sec}, ${time.nsec}}`;
}

function showArgument(kind: ArgumentKind, value: unknown): string {
  switch (kind) {
    case 'path':
    case 'text':
    case 'xattr':
    case 'lockType':
      return JSON.stringify(value);
    case 'fd':
      return `fd${value}`;
    case 'map':
      return `map${value}`;
    case 'handle':
      return `handle${value}`;
    case 'data':
      return showData(value as Data);
    case 'datas':
      return `[${(value as readonly Data[]).map(showData).join(', ')}]`;
    case 'sizes':
      return `[${(value as readonly number[]).join(', ')}]`;
    case 'time':
      return showTime(value as TimeArgument);
    case 'boolean':
      return String(value);
    default:
      return showNumber(kind, value as number);
  }
}

/** A call as text: `fd3 = open("/a", O_RDWR|O_CREAT, 0644)`. */
export function showCall(call: Call): string {
  const row = rowOf(call.op) as Row;
  const given = call as unknown as Readonly<Record<string, unknown>>;
  const words = Object.entries(row.arguments)
    .filter(([name]) => !(name === 'mode' && call.op === 'open' && given.mode === 0))
    .map(([name, kind]) => showArgument(kind, given[name]));
  for (const [name, kind] of Object.entries(row.optional ?? {}))
    if (name !== 'into' && given[name] !== undefined) words.push(`${name}=${showArgument(kind, given[name])}`);
  const target = given.into === undefined ? '' : `${showArgument(row.optional?.into ?? 'fd', given.into)} = `;
  return `${target}${call.op}(${words.join(', ')})`;
}

const showProcess = ({ pid, uid, gid, groups, umask }: ProgramProcess): string => {
  const more = groups.length > 0 ? `, groups ${groups.join(' ')}` : '';
  return `p${pid}: uid ${uid}, gid ${gid}${more}, umask 0${umask.toString(8)}`;
};

/** What is said below a line of the script. */
export interface ScriptNote {
  readonly step: number;
  readonly lines: readonly string[];
}

/** The program as text; the note stands under its step. Processes are named unless there is only one, of root. */
export function showScript(program: Program, note?: ScriptNote): string {
  const { processes, steps } = program;
  const width = String(steps.length).length;
  const lines = processes.map(showProcess);
  steps.forEach(({ pid, call, beside }, i) => {
    lines.push(`${String(i + 1).padStart(width)} ${beside ? '&' : ' '}p${pid}  ${showCall(call)}`);
    if (note?.step === i) for (const line of note.lines) lines.push(`${' '.repeat(width)}      ${line}`);
  });
  return lines.join('\n');
}

class ScriptError extends Error {
  constructor(line: number, expected: string, given: string) {
    super(`script line ${line}: expected ${expected}, given ${JSON.stringify(given)}`);
    this.name = 'ScriptError';
  }
}

/** Reads the arguments of one call, a word at a time. */
class ArgumentReader {
  readonly #text: string;
  readonly #line: number;
  #at = 0;

  constructor(text: string, line: number) {
    this.#text = text;
    this.#line = line;
  }

  #take(pattern: RegExp, expected: string): RegExpMatchArray {
    const match = this.#text.slice(this.#at).match(pattern);
    if (match === null || match.index !== 0) throw this.error(expected);
    this.#at += match[0].length;
    return match;
  }

  error(expected: string): ScriptError {
    return new ScriptError(this.#line, expected, this.#text.slice(this.#at));
  }

  /** Whether the text goes on with this; then it is read. */
  skip(pattern: RegExp): boolean {
    const match = this.#text.slice(this.#at).match(pattern);
    if (match === null || match.index !== 0) return false;
    this.#at += match[0].length;
    return true;
  }

  /** Whether the text goes on with this. */
  ahead(pattern: RegExp): boolean {
    return this.#text.slice(this.#at).search(pattern) === 0;
  }

  word(expected: string, pattern: RegExp): string {
    return this.#take(pattern, expected)[1];
  }

  end(): void {
    this.#take(/\s*$/, 'the end of the line');
  }

  #string(): string {
    return JSON.parse(this.word('a string in double quotes', /("(?:[^"\\]|\\.)*")/)) as string;
  }

  #number(expected: string): number {
    const word = this.word(expected, /(?:fd|map|handle)?([-\w|.+]+)/);
    const number = readNumber(word);
    if (number === undefined) throw new ScriptError(this.#line, expected, word);
    return number;
  }

  #data(): Data {
    if (this.skip(/bytes\(/)) {
      const bytes = new Uint8Array(Buffer.from(this.#string(), 'latin1'));
      this.#take(/\)/, ')');
      return bytes;
    }
    const match = this.#take(/pattern\((\d+), *(\d+)\)/, 'pattern(seed, length) or bytes("...")');
    return { seed: Number(match[1]), length: Number(match[2]) };
  }

  #list<T>(item: () => T): T[] {
    this.#take(/\[\s*/, '[');
    const items: T[] = [];
    while (!this.skip(/\s*\]/)) {
      if (items.length > 0) this.#take(/\s*,\s*/, 'a comma');
      items.push(item());
    }
    return items;
  }

  #time(): TimeArgument {
    if (this.skip(/UTIME_NOW/)) return 'now';
    if (this.skip(/UTIME_OMIT/)) return 'omit';
    const match = this.#take(/\{(-?[\d.e+]+), *(-?\d+)\}/, 'UTIME_NOW, UTIME_OMIT or {seconds, nanoseconds}');
    return { sec: Number(match[1]), nsec: Number(match[2]) };
  }

  argument(kind: ArgumentKind): unknown {
    switch (kind) {
      case 'path':
      case 'text':
      case 'xattr':
      case 'lockType':
        return this.#string();
      case 'data':
        return this.#data();
      case 'datas':
        return this.#list(() => this.#data());
      case 'sizes':
        return this.#list(() => this.#number('a size'));
      case 'time':
        return this.#time();
      case 'boolean':
        return this.word('true or false', /(true|false)/) === 'true';
      default:
        return this.#number(`a number or names (${kind})`);
    }
  }
}

const numbered = /^(?:fd|map|handle)(\d+) *= */;

function parseCall(text: string, line: number): Call {
  const reader = new ArgumentReader(text, line);
  const into = numbered.test(text) ? Number(reader.word('a descriptor', numbered)) : undefined;
  const op = reader.word('a call', /(\w+) *\(\s*/);
  const row = rowOf(op);
  if (row === undefined) throw new ScriptError(line, 'a system call', op);
  const call: Record<string, unknown> = { op };
  let first = true;
  const comma = (): boolean => first || reader.skip(/\s*,\s*/);
  for (const [name, kind] of Object.entries(row.arguments)) {
    if (op === 'open' && name === 'mode' && !reader.ahead(/\s*,\s*[^=,)]*[,)]/)) {
      call.mode = 0;
      continue;
    }
    if (!comma()) throw reader.error(`a comma and the ${name} of ${op}`);
    call[name] = reader.argument(kind);
    first = false;
  }
  while (!reader.skip(/\s*\)/)) {
    if (!comma()) throw reader.error('a comma or )');
    const name = reader.word('the name of an optional argument and =', /(\w+)=/);
    const kind = row.optional?.[name];
    if (kind === undefined) throw new ScriptError(line, `an optional argument of ${op}`, name);
    call[name] = reader.argument(kind);
    first = false;
  }
  reader.end();
  if (into !== undefined) call.into = into;
  return call as unknown as Call;
}

const processLine = /^p(\d+): uid (\d+), gid (\d+)(?:, groups ([\d ]+))?, umask ([0-7]+)$/;
const stepLine = /^(?:\d+\s+)?(&?)p(\d+)\s+(.*)$/;

/** Reads what `showScript` wrote; indented notes and empty lines are left out. */
export function parseScript(text: string): Program {
  const processes: ProgramProcess[] = [];
  const steps: ProgramStep[] = [];
  text.split('\n').forEach((raw, i) => {
    const line = raw.trim();
    if (line === '' || line.startsWith('#') || /^(expected|actual):? /.test(line)) return;
    const process = line.match(processLine);
    if (process !== null) {
      const [, pid, uid, gid, groups, umask] = process;
      processes.push({
        pid: Number(pid),
        uid: Number(uid),
        gid: Number(gid),
        groups: groups === undefined ? [] : groups.trim().split(/ +/).map(Number),
        umask: Number.parseInt(umask, 8),
      });
      return;
    }
    const step = line.match(stepLine);
    if (step === null) throw new ScriptError(i + 1, 'a process or a call like `1  p1  close(fd3)`', line);
    const [, beside, pid, call] = step;
    const plain = { pid: Number(pid), call: parseCall(call, i + 1) };
    steps.push(beside === '' ? plain : { ...plain, beside: true });
  });
  return { version: 1, processes, steps };
}
