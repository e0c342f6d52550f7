import {
  decodeArgs,
  decodeResult,
  encodeResult,
  mount,
  type NfsArgs,
  type NfsProcedure,
  type NfsResult,
  nfs,
  type Program,
  readCall,
  readReply,
  XdrError,
  XdrWriter,
} from '../../nfs/index.ts';

/** A call as it passes the wire. */
export interface CallMessage {
  readonly kind: 'call';
  readonly client: string;
  readonly xid: number;
  /** NFS' names; those of MOUNT are `MOUNT MNT`, ... */
  readonly procedure: string;
  readonly args: unknown;
}

export interface ReplyMessage {
  readonly kind: 'reply';
  readonly client: string;
  readonly xid: number;
  readonly procedure: string;
  /** What was asked. */
  readonly args: unknown;
  readonly result: unknown;
  readonly status: string;
}

export type WireMessage = CallMessage | ReplyMessage;

const programs: readonly Program[] = [nfs, mount];
const writer = new XdrWriter();

/** A procedure under the name that messages have for it. */
function procedureOf(name: string): { readonly program: Program; readonly name: string } {
  const prefix = 'MOUNT ';
  return name.startsWith(prefix) ? { program: mount, name: name.slice(prefix.length) } : { program: nfs, name };
}

/** The call in a record without its mark; undefined where it is none of these programs. */
export function callIn(record: Uint8Array, client: string): CallMessage | undefined {
  const incoming = readCall(record);
  if (incoming.kind !== 'call') return undefined;
  const { xid, program: number, procedure } = incoming.header;
  const program = programs.find((each) => each.number === number);
  const name = program?.nameOf(procedure);
  if (program === undefined || name === undefined) return undefined;
  try {
    const args = decodeArgs(program, name, incoming.args);
    return { kind: 'call', client, xid, procedure: program === nfs ? name : `MOUNT ${name}`, args };
  } catch (error) {
    if (error instanceof XdrError) return undefined;
    throw error;
  }
}

/** The reply in a record without its mark, to a call that passed before; undefined where it is garbled. */
export function replyIn(record: Uint8Array, call: CallMessage): ReplyMessage | undefined {
  const { client, xid, procedure, args } = call;
  const { program, name } = procedureOf(procedure);
  try {
    const { reply, results } = readReply(record);
    if (reply.status !== 'SUCCESS')
      return { kind: 'reply', client, xid, procedure, args, result: undefined, status: reply.status };
    const result: unknown = decodeResult(program, name, results);
    const { status } = result as { readonly status?: string };
    return { kind: 'reply', client, xid, procedure, args, result, status: status ?? 'OK' };
  } catch (error) {
    if (error instanceof XdrError) return undefined;
    throw error;
  }
}

/** A reply with another result, its record mark in front. */
export function replyWith(reply: ReplyMessage, result: unknown): Uint8Array {
  const { program, name } = procedureOf(reply.procedure);
  return encodeResult(writer, program, name, result as never, reply.xid);
}

/** The arguments of a message of one procedure of NFS. */
export const argsOf = <Name extends NfsProcedure>(message: WireMessage, name: Name): NfsArgs<Name> | undefined =>
  message.procedure === name ? (message.args as NfsArgs<Name>) : undefined;

/** The result of a reply to one procedure of NFS. */
export const resultOf = <Name extends NfsProcedure>(message: WireMessage, name: Name): NfsResult<Name> | undefined =>
  message.kind === 'reply' && message.procedure === name ? (message.result as NfsResult<Name>) : undefined;
