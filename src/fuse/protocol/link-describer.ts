import type { Message } from '../message.ts';
import { describeNotification, describeReply, describeRequest } from './describe.ts';

/** Tells every message of a link in a line; it remembers which request a reply belongs to. */
export class LinkDescriber {
  readonly #tell: (line: string) => void;
  readonly #opcodes = new Map<string, number>();

  constructor(tell: (line: string) => void) {
    this.#tell = tell;
  }

  /** A message of `length` bytes from the kernel, or from the daemon. */
  message(fromKernel: boolean, message: Message, length: number): void {
    const { words } = message;
    const unique = `${words[3]}:${words[2]}`;
    if (fromKernel) {
      this.#opcodes.set(unique, words[1]);
      this.#tell(`-> ${describeRequest(message, length)}`);
      return;
    }
    const opcode = this.#opcodes.get(unique);
    this.#opcodes.delete(unique);
    this.#tell(
      `<- ${opcode === undefined ? describeNotification(message, length) : describeReply(opcode, message, length)}`,
    );
  }
}
