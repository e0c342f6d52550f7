import type { Message } from '../message.ts';
import { compiledModule } from './compiled.ts';

/** Listens to the messages of a connection, in the order in which they pass; a message is the connection's again on return. */
export interface Tap {
  /** A request came. `now` is milliseconds of performance.now(), in this thread. */
  request(message: Message, length: number, now: number): void;
  /** A reply or notification was sent, and the kernel answered `refused`: an errno number, or 0. */
  sent(message: Message, length: number, now: number, refused: number): void;
  /** What stands on the way of the messages has done something to them or to what answers them: `event` says what. */
  interfered?(event: unknown, now: number): void;
}

/** Where a tap's factory is, as plain data that travels into a worker. The factory is the export `tap`: it gets the data, and what gives the filesystem's name once there are messages. */
export interface TapModule {
  /** URL of an ES module. */
  readonly module: string;
  readonly data: unknown;
}

/** Makes the tap in the thread that serves; `filesystem` gives the filesystem's name. */
export async function openTap({ module, data }: TapModule, filesystem: () => string): Promise<Tap> {
  const { tap }: { tap: (data: unknown, filesystem: () => string) => Tap } = await import(compiledModule(module));
  return tap(data, filesystem);
}
