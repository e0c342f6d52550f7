import type { Timespec } from '../../vfs/index.ts';
import type { FuseServer, Message } from '../message.ts';
import type { Daemon } from './daemon.ts';
import { timeOfDay } from './libc.ts';
import { SocketServer } from './server.ts';

const PATIENCE = 10_000;

/** A foreign daemon that a trace is replayed on: its time is the host's. */
export class DaemonPeer {
  readonly #daemon: Daemon;
  #server: SocketServer | undefined;

  constructor(daemon: Daemon) {
    this.#daemon = daemon;
  }

  connect(send: (message: Message, length: number) => number): FuseServer {
    this.#server = new SocketServer(this.#daemon.fd, { patience: PATIENCE, send });
    return this.#server;
  }

  async moveTo(): Promise<void> {}

  now(): Timespec {
    return timeOfDay();
  }

  /** Waits for replies that come late until `done`; false where none comes any more. */
  async settle(done: () => boolean): Promise<boolean> {
    while (!done()) if (this.#server?.poll() !== true) return false;
    return true;
  }
}
