import type { Connection, Network } from '../env/index.ts';
import { RecordReader } from '../nfs/index.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface ServerSideListener {
  reply(record: Uint8Array): void;
  /** The server has gone, or could not be reached; not after `close`. */
  gone(why: string): void;
}

/** A connection to a server; what is sent before it is made waits. */
export class ServerSide {
  readonly #listener: ServerSideListener;
  #connection: Connection | undefined;
  #waiting: Uint8Array[] = [];
  #closed = false;

  constructor(network: Network, { host, port }: Address, listener: ServerSideListener) {
    this.#listener = listener;
    network.connect(host, port).then(
      (connection) => this.#connected(connection),
      (error: Error) => this.#gone(error.message),
    );
  }

  send(data: Uint8Array): void {
    if (this.#connection === undefined) this.#waiting.push(data);
    else this.#connection.write(data);
  }

  close(): void {
    this.#closed = true;
    this.#waiting = [];
    this.#connection?.destroy();
  }

  #connected(connection: Connection): void {
    if (this.#closed) {
      connection.destroy();
      return;
    }
    this.#connection = connection;
    const records = new RecordReader((record) => {
      if (!this.#closed) this.#listener.reply(record);
    });
    connection.onData((data) => {
      try {
        records.push(data);
      } catch (error) {
        this.#gone((error as Error).message);
      }
    });
    connection.onClose((error) => this.#gone(error?.message ?? 'closed'));
    for (const data of this.#waiting.splice(0)) connection.write(data);
  }

  #gone(why: string): void {
    if (this.#closed) return;
    this.close();
    this.#listener.gone(why);
  }
}
