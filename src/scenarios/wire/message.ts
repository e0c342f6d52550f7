import {
  type NfsArgs,
  type NfsProcedure,
  type NfsResult,
  nfs,
  replyTo,
  type WireCall,
  callIn as wireCallIn,
  replyIn as wireReplyIn,
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
  readonly call: WireCall;
}

export interface ReplyMessage extends Omit<CallMessage, 'kind'> {
  readonly kind: 'reply';
  readonly result: unknown;
  readonly status: string;
}

export type WireMessage = CallMessage | ReplyMessage;

const writer = new XdrWriter();

/** The call in a record without its mark; undefined where it is of neither program, or garbled. */
export function callIn(record: Uint8Array, client: string): CallMessage | undefined {
  const call = wireCallIn(record);
  if (call === undefined) return undefined;
  const { xid, program, procedure, args } = call;
  return { kind: 'call', client, xid, procedure: program === nfs ? procedure : `MOUNT ${procedure}`, args, call };
}

/** The reply in a record without its mark, to a call that passed before; undefined where it is garbled. */
export function replyIn(record: Uint8Array, asked: CallMessage): ReplyMessage | undefined {
  const reply = wireReplyIn(record, asked.call);
  return reply && { ...asked, kind: 'reply', result: reply.result, status: reply.status };
}

/** A reply with another result, its record mark in front. */
export function replyWith({ call }: ReplyMessage, result: unknown): Uint8Array {
  return replyTo(writer, call, result as object);
}

/** The arguments of a message of one procedure of NFS. */
export const argsOf = <Name extends NfsProcedure>(message: WireMessage, name: Name): NfsArgs<Name> | undefined =>
  message.procedure === name ? (message.args as NfsArgs<Name>) : undefined;

/** The result of a reply to one procedure of NFS. */
export const resultOf = <Name extends NfsProcedure>(message: WireMessage, name: Name): NfsResult<Name> | undefined =>
  message.kind === 'reply' && message.procedure === name ? (message.result as NfsResult<Name>) : undefined;
