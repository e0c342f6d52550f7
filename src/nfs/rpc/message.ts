import { XdrError, XdrReader, type XdrWriter, xdrMismatch } from '../xdr/index.ts';
import { type Credential, noCredential, readCredential, writeCredential } from './credential.ts';
import { LAST_FRAGMENT } from './record-marking.ts';

export const RPC_VERSION = 2;
const CALL = 0;
const REPLY = 1;
const ACCEPTED = 0;
const DENIED = 1;

/** auth_stat (RFC 5531, 9). */
export const authStatus = {
  AUTH_BADCRED: 1,
  AUTH_REJECTEDCRED: 2,
  AUTH_BADVERF: 3,
  AUTH_REJECTEDVERF: 4,
  AUTH_TOOWEAK: 5,
  AUTH_INVALIDRESP: 6,
  AUTH_FAILED: 7,
} as const;
export type AuthStatus = keyof typeof authStatus;

const acceptStatus = {
  SUCCESS: 0,
  PROG_UNAVAIL: 1,
  PROG_MISMATCH: 2,
  PROC_UNAVAIL: 3,
  GARBAGE_ARGS: 4,
  SYSTEM_ERR: 5,
} as const;

/** The header of a call. */
export interface CallHeader {
  readonly xid: number;
  readonly program: number;
  readonly version: number;
  readonly procedure: number;
  readonly credential: Credential;
}

/** What a reply says before its results, which only SUCCESS has. */
export type ReplyStatus =
  | { readonly status: 'SUCCESS' | 'PROG_UNAVAIL' | 'PROC_UNAVAIL' | 'GARBAGE_ARGS' | 'SYSTEM_ERR' }
  | { readonly status: 'PROG_MISMATCH' | 'RPC_MISMATCH'; readonly low: number; readonly high: number }
  | { readonly status: 'AUTH_ERROR'; readonly why: AuthStatus };

/** A record as a server takes it. */
export type Incoming =
  /** A call; `args` stands where its arguments start. */
  | { readonly kind: 'call'; readonly header: CallHeader; readonly args: XdrReader }
  /** A call that is to be answered with this. */
  | { readonly kind: 'refused'; readonly xid: number; readonly reply: ReplyStatus }
  /** Nothing that can be answered. */
  | { readonly kind: 'unanswerable'; readonly problem: string };

/** The call in a record, without its record mark. Never throws. */
export function readCall(record: Uint8Array): Incoming {
  const reader = new XdrReader(record);
  if (record.length < 8) return { kind: 'unanswerable', problem: `expected a call, given ${record.length} bytes` };
  const xid = reader.u32();
  const type = reader.u32();
  if (type !== CALL) return { kind: 'unanswerable', problem: `expected message type ${CALL} (CALL), given ${type}` };
  const refused = (reply: ReplyStatus): Incoming => ({ kind: 'refused', xid, reply });
  try {
    if (reader.u32() !== RPC_VERSION) return refused({ status: 'RPC_MISMATCH', low: RPC_VERSION, high: RPC_VERSION });
    const program = reader.u32();
    const version = reader.u32();
    const procedure = reader.u32();
    const credential = readCredential(reader);
    if (credential === undefined) return refused({ status: 'AUTH_ERROR', why: 'AUTH_BADCRED' });
    // AUTH_NONE and AUTH_SYS come with an empty verifier (RFC 5531, 8.2 and appendix A); of others it is theirs to judge.
    const verifier = readCredential(reader);
    if (verifier === undefined || (credential.flavor !== 'OTHER' && verifier.flavor !== 'NONE'))
      return refused({ status: 'AUTH_ERROR', why: 'AUTH_BADVERF' });
    return { kind: 'call', header: { xid, program, version, procedure, credential }, args: reader };
  } catch (error) {
    if (!(error instanceof XdrError)) throw error;
    return { kind: 'unanswerable', problem: `call ${xid}: ${error.message}` };
  }
}

/** Starts a record with the header of a call; its arguments follow, and `endRecord`. */
export function beginCall(writer: XdrWriter, header: CallHeader): void {
  beginRecord(writer, header.xid, CALL);
  writer.u32(RPC_VERSION);
  writer.u32(header.program);
  writer.u32(header.version);
  writer.u32(header.procedure);
  writeCredential(writer, header.credential);
  writeCredential(writer, noCredential);
}

/** Starts a record with the header of a reply; where it is SUCCESS the results follow. Then `endRecord`. */
export function beginReply(writer: XdrWriter, xid: number, reply: ReplyStatus): void {
  beginRecord(writer, xid, REPLY);
  switch (reply.status) {
    case 'RPC_MISMATCH':
      writer.u32(DENIED);
      writer.u32(0);
      writer.u32(reply.low);
      writer.u32(reply.high);
      return;
    case 'AUTH_ERROR':
      writer.u32(DENIED);
      writer.u32(1);
      writer.u32(authStatus[reply.why]);
      return;
    default:
      writer.u32(ACCEPTED);
      writeCredential(writer, noCredential);
      writer.u32(acceptStatus[reply.status]);
      if (reply.status !== 'PROG_MISMATCH') return;
      writer.u32(reply.low);
      writer.u32(reply.high);
  }
}

/** The whole record, its mark in front, as one last fragment. */
export function endRecord(writer: XdrWriter): Uint8Array {
  writer.patch(0, LAST_FRAGMENT + writer.length - 4);
  return writer.end();
}

/** A reply as a client takes it; `results` stands where the results start. Throws `XdrError` where it is none. */
export interface IncomingReply {
  readonly xid: number;
  readonly reply: ReplyStatus;
  readonly results: XdrReader;
}

export function readReply(record: Uint8Array): IncomingReply {
  const results = new XdrReader(record);
  const xid = results.u32();
  const type = results.u32();
  if (type !== REPLY) xdrMismatch(`message type ${REPLY} (REPLY)`, type);
  const accepted = results.u32();
  if (accepted === DENIED) return { xid, reply: readDenied(results), results };
  if (accepted !== ACCEPTED) xdrMismatch('a reply_stat', accepted);
  if (readCredential(results) === undefined) xdrMismatch('a verifier', 'something else');
  return { xid, reply: readAccepted(results), results };
}

function readAccepted(reader: XdrReader): ReplyStatus {
  const number = reader.u32();
  const status = nameOf(acceptStatus, number) ?? xdrMismatch('an accept_stat', number);
  return status === 'PROG_MISMATCH' ? { status, low: reader.u32(), high: reader.u32() } : { status };
}

function readDenied(reader: XdrReader): ReplyStatus {
  const number = reader.u32();
  if (number === 0) return { status: 'RPC_MISMATCH', low: reader.u32(), high: reader.u32() };
  if (number !== 1) xdrMismatch('a reject_stat', number);
  const why = reader.u32();
  return { status: 'AUTH_ERROR', why: nameOf(authStatus, why) ?? xdrMismatch('an auth_stat', why) };
}

function nameOf<Name extends string>(numbers: Readonly<Record<Name, number>>, number: number): Name | undefined {
  return (Object.keys(numbers) as Name[]).find((name) => numbers[name] === number);
}

function beginRecord(writer: XdrWriter, xid: number, type: number): void {
  writer.begin();
  writer.u32(0);
  writer.u32(xid);
  writer.u32(type);
}
