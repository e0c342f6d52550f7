import { XdrError, type XdrReader, XdrWriter } from '../xdr/index.ts';
import { beginReply, type CallHeader, endRecord, type ReplyStatus, readCall } from './message.ts';
import type { ArgsOf, Procedure, ProcedureName, Program, ResultOf } from './program.ts';

/** A call with who made it, as a handler sees it. */
export interface ServedCall<Peer> {
  readonly header: CallHeader;
  readonly peer: Peer;
}

/** What a program does: a function for each procedure of its table. */
export type Handlers<P extends Program, Peer> = {
  readonly [Name in ProcedureName<P>]: (
    args: ArgsOf<P, Name>,
    call: ServedCall<Peer>,
  ) => ResultOf<P, Name> | Promise<ResultOf<P, Name>>;
};

/** What is to become of a call that is not idempotent. */
export type Verdict =
  /** Run it; `keep` takes the reply. */
  | { readonly kind: 'run'; readonly keep: (reply: Uint8Array) => void }
  /** It was run before: this was the reply, its own record. */
  | { readonly kind: 'replay'; readonly reply: Uint8Array }
  /** It is running. */
  | { readonly kind: 'drop' };

/** Knows calls again that came before. */
export interface CallMemory<Peer> {
  judge(record: Uint8Array, call: ServedCall<Peer>): Verdict;
}

type Handler<Peer> = (args: unknown, call: ServedCall<Peer>) => unknown;

interface ServedProgram<Peer> {
  readonly program: Program;
  readonly handlers: Readonly<Record<string, Handler<Peer>>>;
}

/** Pairs a program with what it does. */
export function served<P extends Program, Peer>(program: P, handlers: Handlers<P, Peer>): ServedProgram<Peer> {
  return { program, handlers: handlers as unknown as Readonly<Record<string, Handler<Peer>>> };
}

interface Admitted<Peer> {
  readonly name: string;
  readonly procedure: Procedure;
  readonly handler: Handler<Peer>;
  readonly args: unknown;
}

export interface ServiceOptions<Peer> {
  readonly memory?: CallMemory<Peer>;
  /** Takes what is wrong with a message or a handler: one line, and the error where there was one. */
  readonly report: (problem: string, error?: unknown) => void;
}

/**
 * Answers calls to programs. Whatever a record holds, it is answered with what RFC 5531 has for it, or dropped where no answer
 * can be; nothing makes `receive` throw.
 */
export class RpcService<Peer> {
  readonly #programs = new Map<number, ServedProgram<Peer>>();
  readonly #memory: CallMemory<Peer> | undefined;
  readonly #report: ServiceOptions<Peer>['report'];
  readonly #writer = new XdrWriter();

  constructor(programs: readonly ServedProgram<Peer>[], { memory, report }: ServiceOptions<Peer>) {
    for (const each of programs) this.#programs.set(each.program.number, each);
    this.#memory = memory;
    this.#report = report;
  }

  /** Takes a record; `respond` gets the reply with its record mark, at once or later, or never. */
  receive(record: Uint8Array, peer: Peer, respond: (reply: Uint8Array) => void): void {
    const incoming = readCall(record);
    if (incoming.kind === 'unanswerable') this.#report(`${incoming.problem}; it is dropped`);
    else if (incoming.kind === 'refused') respond(this.#refuse(incoming.xid, incoming.reply));
    else {
      const admitted = this.#admit(incoming.header, incoming.args);
      if ('status' in admitted) respond(this.#refuse(incoming.header.xid, admitted));
      else this.#serve(record, admitted, { header: incoming.header, peer }, respond);
    }
  }

  /** What is called, or why not. */
  #admit(header: CallHeader, reader: XdrReader): Admitted<Peer> | ReplyStatus {
    if (header.credential.flavor === 'OTHER') return { status: 'AUTH_ERROR', why: 'AUTH_REJECTEDCRED' };
    const of = this.#programs.get(header.program);
    if (of === undefined) return { status: 'PROG_UNAVAIL' };
    const { program, handlers } = of;
    const { version } = program;
    if (header.version !== version) return { status: 'PROG_MISMATCH', low: version, high: version };
    const name = program.nameOf(header.procedure);
    if (name === undefined) return { status: 'PROC_UNAVAIL' };
    const procedure = program.procedures[name];
    try {
      const args = procedure.args.read(reader);
      reader.finish();
      return { name, procedure, handler: handlers[name], args };
    } catch (error) {
      if (error instanceof XdrError) return { status: 'GARBAGE_ARGS' };
      throw error;
    }
  }

  #serve(
    record: Uint8Array,
    admitted: Admitted<Peer>,
    call: ServedCall<Peer>,
    respond: (reply: Uint8Array) => void,
  ): void {
    if (admitted.procedure.idempotent || this.#memory === undefined) {
      this.#run(admitted, call, respond);
      return;
    }
    const verdict = this.#memory.judge(record, call);
    switch (verdict.kind) {
      case 'drop':
        return;
      case 'replay':
        respond(verdict.reply);
        return;
      case 'run':
        this.#run(admitted, call, (reply) => {
          verdict.keep(reply);
          respond(reply);
        });
    }
  }

  #run(admitted: Admitted<Peer>, call: ServedCall<Peer>, respond: (reply: Uint8Array) => void): void {
    const { name, procedure, handler, args } = admitted;
    const { xid } = call.header;
    const fail = (error: unknown): void => {
      this.#report(`${name} (call ${xid}) failed; it is answered SYSTEM_ERR`, error);
      respond(this.#refuse(xid, { status: 'SYSTEM_ERR' }));
    };
    const finish = (result: unknown): void => {
      let reply: Uint8Array | undefined;
      try {
        reply = this.#encode(procedure, xid, result);
      } catch (error) {
        fail(error);
      }
      if (reply !== undefined) respond(reply);
    };
    let result: unknown;
    try {
      result = handler(args, call);
    } catch (error) {
      fail(error);
      return;
    }
    if (result instanceof Promise) result.then(finish, fail);
    else finish(result);
  }

  #encode(procedure: Procedure, xid: number, result: unknown): Uint8Array {
    beginReply(this.#writer, xid, { status: 'SUCCESS' });
    procedure.result.write(this.#writer, result);
    return endRecord(this.#writer);
  }

  #refuse(xid: number, reply: ReplyStatus): Uint8Array {
    beginReply(this.#writer, xid, reply);
    return endRecord(this.#writer);
  }
}
