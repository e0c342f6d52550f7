import { mount, nfs } from '../protocol/index.ts';
import {
  type Credential,
  decodeArgs,
  decodeResult,
  encodeResult,
  type Program,
  readCall,
  readReply,
} from '../rpc/index.ts';
import { XdrError, type XdrWriter } from '../xdr/index.ts';

/** A call of NFS or MOUNT, as whoever sees it pass takes it. */
export interface WireCall {
  readonly xid: number;
  readonly credential: Credential;
  readonly program: Program;
  readonly procedure: string;
  /** What the table says; data in it is a view of the message. */
  readonly args: Readonly<Record<string, unknown>>;
}

/** The reply to one. */
export interface WireReply {
  readonly call: WireCall;
  /** That of the procedure, or of the RPC layer where that has refused. */
  readonly status: string;
  /** What the table says; undefined where the RPC layer has refused. */
  readonly result: Readonly<Record<string, unknown>> | undefined;
}

const programs: readonly Program[] = [nfs, mount];

/** The call in a record without its mark; undefined where it is of no program here, or garbled. */
export function callIn(record: Uint8Array): WireCall | undefined {
  const incoming = readCall(record);
  if (incoming.kind !== 'call') return undefined;
  const { xid, program: number, version, procedure, credential } = incoming.header;
  const program = programs.find((each) => each.number === number && each.version === version);
  const name = program?.nameOf(procedure);
  if (program === undefined || name === undefined) return undefined;
  const args = decoded(() => decodeArgs(program, name, incoming.args) as WireCall['args']);
  return args && { xid, credential, program, procedure: name, args };
}

/** The reply in a record without its mark; undefined where it is garbled. */
export function replyIn(record: Uint8Array, call: WireCall): WireReply | undefined {
  return decoded(() => {
    const { reply, results } = readReply(record);
    if (reply.status !== 'SUCCESS') return { call, status: reply.status, result: undefined };
    const result = decodeResult(call.program, call.procedure, results) as Readonly<Record<string, unknown>>;
    return { call, status: typeof result.status === 'string' ? result.status : 'OK', result };
  });
}

/** A reply to a call with this result, its record mark in front. */
export function replyTo(writer: XdrWriter, call: WireCall, result: object): Uint8Array {
  return encodeResult(writer, call.program, call.procedure, result as never, call.xid);
}

/** The xid at the start of a message; undefined where it is too short to have one. */
export const xidIn = (record: Uint8Array): number | undefined =>
  record.length < 4 ? undefined : new DataView(record.buffer, record.byteOffset).getUint32(0);

function decoded<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof XdrError) return undefined;
    throw error;
  }
}
