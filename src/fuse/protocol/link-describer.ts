import type { Message } from '../message.ts';
import { describeNotification, describeReply, describeRequest } from './describe.ts';
import { CURRENT_DIALECT, dialectOf } from './dialect.ts';
import { opcodes } from './opcodes.ts';
import { decodeReply } from './reply.ts';

/** Requests that nobody answers. */
const unanswered: ReadonlySet<number> = new Set([
  opcodes.FORGET.code,
  opcodes.BATCH_FORGET.code,
  opcodes.NOTIFY_REPLY.code,
]);

/** Tells every message of a link in a line; it remembers which request a reply belongs to. */
export class LinkDescriber {
  readonly #tell: (line: string) => void;
  readonly #opcodes = new Map<string, number>();
  #dialect = CURRENT_DIALECT;

  constructor(tell: (line: string) => void) {
    this.#tell = tell;
  }

  /** A message of `length` bytes from the kernel, or from the daemon. */
  message(fromKernel: boolean, message: Message, length: number): void {
    const { words } = message;
    const unique = `${words[3]}:${words[2]}`;
    if (fromKernel) {
      if (!unanswered.has(words[1])) this.#opcodes.set(unique, words[1]);
      this.#tell(`-> ${describeRequest(message, length, this.#dialect)}`);
      return;
    }
    const opcode = this.#opcodes.get(unique);
    this.#opcodes.delete(unique);
    if (opcode === opcodes.INIT.code) this.#negotiated(message, length);
    this.#tell(
      `<- ${opcode === undefined ? describeNotification(message, length) : describeReply(opcode, message, length)}`,
    );
  }

  #negotiated(message: Message, length: number): void {
    const reply = decodeReply(opcodes.INIT.code, message, length);
    if (reply.op === 'INIT') this.#dialect = dialectOf(reply.body.minor, reply.body.flags);
  }
}
