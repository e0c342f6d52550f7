import type { Codec, ValueOf } from '../xdr/index.ts';

/** One row of a program's table. */
export interface Procedure {
  readonly number: number;
  readonly args: Codec<unknown>;
  readonly result: Codec<unknown>;
  /** Running it twice is the same as running it once: a retransmitted call needs no reply cache. */
  readonly idempotent: boolean;
}

type Procedures = Readonly<Record<string, Procedure>>;

/** An ONC RPC program in one version: the table from which servers, clients and viewers work. */
export interface Program {
  readonly name: string;
  readonly number: number;
  readonly version: number;
  readonly procedures: Procedures;
  /** The name of a procedure number, undefined where the program has none. */
  nameOf(number: number): string | undefined;
}

/** A program with the types of its own table. */
export interface ProgramOf<P extends Procedures> extends Program {
  readonly procedures: P;
  nameOf(number: number): Extract<keyof P, string> | undefined;
}

export type ProcedureName<P extends Program> = Extract<keyof P['procedures'], string>;
export type ArgsOf<P extends Program, Name extends ProcedureName<P>> = ValueOf<P['procedures'][Name]['args']>;
export type ResultOf<P extends Program, Name extends ProcedureName<P>> = ValueOf<P['procedures'][Name]['result']>;

export function program<const P extends Procedures>(
  name: string,
  number: number,
  version: number,
  procedures: P,
): ProgramOf<P> {
  const names: Extract<keyof P, string>[] = [];
  for (const key of Object.keys(procedures) as Extract<keyof P, string>[]) names[procedures[key].number] = key;
  return { name, number, version, procedures, nameOf: (procedure) => names[procedure] };
}
