import type { Message } from '../message.ts';
import { describeMessage, Exchanges } from './exchanges.ts';

/** Tells every message of a link in a line; it remembers which request a reply belongs to. */
export class LinkDescriber {
  readonly #tell: (line: string) => void;
  readonly #exchanges = new Exchanges();

  constructor(tell: (line: string) => void) {
    this.#tell = tell;
  }

  /** A message of `length` bytes from the kernel, or from the daemon. */
  message(fromKernel: boolean, message: Message, length: number): void {
    const exchange = this.#exchanges.next(fromKernel, message, length);
    const line = describeMessage(exchange, message, length, this.#exchanges.dialect);
    this.#tell(`${fromKernel ? '->' : '<-'} ${line}`);
  }
}
