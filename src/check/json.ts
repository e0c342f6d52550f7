import { type ArgumentKind, type Data, syscalls, type TimeArgument } from '../vfs/index.ts';
import type { Program, ProgramProcess, ProgramStep } from './program.ts';

/** Something in a file is not what the format says. */
export class FormatError extends Error {
  constructor(place: string, expected: string, given: unknown) {
    const shown = JSON.stringify(given) ?? 'nothing';
    super(`${place}: expected ${expected}, given ${shown.length > 80 ? `${shown.slice(0, 77)}...` : shown}`);
    this.name = 'FormatError';
  }
}

type Json = Readonly<Record<string, unknown>>;

export function objectAt(place: string, value: unknown): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new FormatError(place, 'an object', value);
  return value as Json;
}

export function arrayAt(place: string, value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new FormatError(place, 'an array', value);
  return value;
}

export function numberAt(place: string, value: unknown): number {
  if (typeof value !== 'number' || !Number.isInteger(value)) throw new FormatError(place, 'a whole number', value);
  return value;
}

export function stringAt(place: string, value: unknown): string {
  if (typeof value !== 'string') throw new FormatError(place, 'a string', value);
  return value;
}

const dataToJson = (data: Data): unknown =>
  data instanceof Uint8Array ? { base64: Buffer.from(data).toString('base64') } : data;

function dataAt(place: string, value: unknown): Data {
  const { base64, seed, length } = objectAt(place, value);
  if (base64 !== undefined) return new Uint8Array(Buffer.from(stringAt(`${place}.base64`, base64), 'base64'));
  return { seed: numberAt(`${place}.seed`, seed), length: numberAt(`${place}.length`, length) };
}

function timeAt(place: string, value: unknown): TimeArgument {
  if (value === 'now' || value === 'omit') return value;
  if (typeof value === 'string') throw new FormatError(place, "'now', 'omit' or { sec, nsec }", value);
  const { sec, nsec } = objectAt(place, value);
  return { sec: numberAt(`${place}.sec`, sec), nsec: numberAt(`${place}.nsec`, nsec) };
}

function argumentAt(place: string, kind: ArgumentKind, value: unknown): unknown {
  switch (kind) {
    case 'path':
    case 'text':
    case 'xattr':
      return stringAt(place, value);
    case 'data':
      return dataAt(place, value);
    case 'datas':
      return arrayAt(place, value).map((item, i) => dataAt(`${place}[${i}]`, item));
    case 'sizes':
      return arrayAt(place, value).map((item, i) => numberAt(`${place}[${i}]`, item));
    case 'time':
      return timeAt(place, value);
    case 'boolean':
      if (typeof value !== 'boolean') throw new FormatError(place, 'true or false', value);
      return value;
    case 'lockType':
      if (value !== 'read' && value !== 'write' && value !== 'unlock')
        throw new FormatError(place, "'read', 'write' or 'unlock'", value);
      return value;
    default:
      return numberAt(place, value);
  }
}

interface Row {
  readonly arguments: Readonly<Record<string, ArgumentKind>>;
  readonly optional?: Readonly<Record<string, ArgumentKind>>;
}

function stepAt(place: string, value: unknown): ProgramStep {
  const step = objectAt(place, value);
  const given = objectAt(`${place}.call`, step.call);
  const op = stringAt(`${place}.call.op`, given.op);
  if (!Object.hasOwn(syscalls, op)) throw new FormatError(`${place}.call.op`, 'a system call', op);
  const row: Row = syscalls[op as keyof typeof syscalls];
  const call: Record<string, unknown> = { op };
  for (const [name, kind] of Object.entries(row.arguments))
    call[name] = argumentAt(`${place}.call.${name}`, kind, given[name]);
  for (const [name, kind] of Object.entries(row.optional ?? {}))
    if (given[name] !== undefined) call[name] = argumentAt(`${place}.call.${name}`, kind, given[name]);
  for (const name of Object.keys(given))
    if (!Object.hasOwn(call, name))
      throw new FormatError(`${place}.call.${name}`, `no such argument of ${op}`, given[name]);
  if (step.beside !== undefined && step.beside !== true) throw new FormatError(`${place}.beside`, 'true', step.beside);
  const plain = { pid: numberAt(`${place}.pid`, step.pid), call: call as unknown as ProgramStep['call'] };
  return step.beside ? { ...plain, beside: true } : plain;
}

function processAt(place: string, value: unknown): ProgramProcess {
  const process = objectAt(place, value);
  return {
    pid: numberAt(`${place}.pid`, process.pid),
    uid: numberAt(`${place}.uid`, process.uid),
    gid: numberAt(`${place}.gid`, process.gid),
    groups: arrayAt(`${place}.groups`, process.groups).map((group, i) => numberAt(`${place}.groups[${i}]`, group)),
    umask: numberAt(`${place}.umask`, process.umask),
  };
}

/** The program as plain JSON data. */
export function programToJson({ version, processes, steps }: Program): unknown {
  return {
    version,
    processes,
    steps: steps.map(({ pid, call, beside }) => {
      const fields = Object.entries(call).map(([name, value]) => {
        if (name === 'data' || name === 'value') return [name, dataToJson(value as Data)];
        if (name === 'datas') return [name, (value as readonly Data[]).map(dataToJson)];
        return [name, value];
      });
      return { pid, call: Object.fromEntries(fields), beside };
    }),
  };
}

/** Reads a program from JSON data. @throws {FormatError} that names the place, what is expected there and what is given. */
export function programFromJson(value: unknown, place = 'program'): Program {
  const { version, processes, steps } = objectAt(place, value);
  if (version !== 1) throw new FormatError(`${place}.version`, '1 (written by a later version of estale?)', version);
  return {
    version: 1,
    processes: arrayAt(`${place}.processes`, processes).map((item, i) => processAt(`${place}.processes[${i}]`, item)),
    steps: arrayAt(`${place}.steps`, steps).map((item, i) => stepAt(`${place}.steps[${i}]`, item)),
  };
}
