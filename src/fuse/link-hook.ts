import type { Message } from './message.ts';

/** Both ends of a link, for whoever has something to say by itself. */
export interface LinkEnds {
  /** Gives a request to the daemon. */
  toDaemon(message: Message, length: number): void;
  /** Gives a reply or notification to the kernel; returns the errno number of the daemon's write, or 0. */
  toKernel(message: Message, length: number): number;
}

/** What may stand between the kernel and the daemon: faults sit here. */
export interface LinkHook {
  /** While true, requests are not answered within the call that sends them. */
  readonly armed: boolean;
  /** Called once, before anything passes. */
  attach?(ends: LinkEnds): void;
  /** Takes a request on its way to the daemon; `deliver` passes it on, now or later. */
  request(message: Message, length: number, deliver: (message: Message, length: number) => void): void;
  /** Takes a reply or notification on its way to the kernel; gives the errno number of the daemon's write, or 0. */
  reply(message: Message, length: number, deliver: (message: Message, length: number) => number): number;
  /** Whether a request is never answered because the hook keeps it or its reply: nothing outside is waited for then. */
  keeps?(unique: number): boolean;
}
