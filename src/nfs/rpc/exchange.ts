import type { XdrReader, XdrWriter } from '../xdr/index.ts';
import type { Credential } from './credential.ts';
import { beginCall, beginReply, endRecord } from './message.ts';
import type { ArgsOf, ProcedureName, Program, ResultOf } from './program.ts';

/** A whole call of a procedure, its record mark in front. Throws `XdrError` where the arguments have no place in one. */
export function encodeCall<P extends Program, Name extends ProcedureName<P>>(
  writer: XdrWriter,
  program: P,
  name: Name,
  args: ArgsOf<P, Name>,
  xid: number,
  credential: Credential,
): Uint8Array {
  const { number: procedure, args: codec } = program.procedures[name];
  beginCall(writer, { xid, program: program.number, version: program.version, procedure, credential });
  codec.write(writer, args);
  return endRecord(writer);
}

/** The arguments of a call, to the end of the message. Throws `XdrError` where they are something else. */
export function decodeArgs<P extends Program, Name extends ProcedureName<P>>(
  program: P,
  name: Name,
  reader: XdrReader,
): ArgsOf<P, Name> {
  const args = program.procedures[name].args.read(reader);
  reader.finish();
  return args as ArgsOf<P, Name>;
}

/** A whole reply with results, its record mark in front. */
export function encodeResult<P extends Program, Name extends ProcedureName<P>>(
  writer: XdrWriter,
  program: P,
  name: Name,
  result: ResultOf<P, Name>,
  xid: number,
): Uint8Array {
  beginReply(writer, xid, { status: 'SUCCESS' });
  program.procedures[name].result.write(writer, result);
  return endRecord(writer);
}

/** The results of a reply, to the end of the message. Throws `XdrError` where they are something else. */
export function decodeResult<P extends Program, Name extends ProcedureName<P>>(
  program: P,
  name: Name,
  reader: XdrReader,
): ResultOf<P, Name> {
  const result = program.procedures[name].result.read(reader);
  reader.finish();
  return result as ResultOf<P, Name>;
}
