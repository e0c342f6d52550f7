import type { Timespec } from '../vfs/index.ts';

/** Wall and monotonic time. */
export interface Clock {
  /** The time of day (CLOCK_REALTIME). */
  now(): Timespec;
  /** Nanoseconds since some fixed moment; never goes back (CLOCK_MONOTONIC). */
  monotonic(): number;
}

export interface Random {
  /** A uniformly distributed integer, 0 to 2^32 - 1. */
  uint32(): number;
}

export interface Timers {
  /** Calls `callback` once, `milliseconds` from now; the returned function cancels it. */
  after(milliseconds: number, callback: () => void): () => void;
}

/** A connected byte stream (a TCP connection). */
export interface Connection {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localPort: number;
  /** `data` may be kept until it is sent: do not change it again. */
  write(data: Uint8Array): void;
  /** No more data from this side. */
  end(): void;
  /** Ends both sides at once. */
  destroy(): void;
  onData(callback: (data: Uint8Array) => void): void;
  /** Once, when both sides are closed; with the error where there was one. */
  onClose(callback: (error?: Error) => void): void;
}

export interface Listener {
  readonly port: number;
  /** No more connections; those that there are go on. */
  close(): void;
}

export interface ConnectOptions {
  /** The port on this side; without it, or with 0, any free one. */
  readonly localPort?: number;
}

export interface Network {
  connect(host: string, port: number, options?: ConnectOptions): Promise<Connection>;
  /** Port 0 takes a free one. */
  listen(host: string, port: number, onConnection: (connection: Connection) => void): Promise<Listener>;
}

/** A block device with a volatile write cache: what was written is safe only after `flush`. */
export interface Disk {
  /** Bytes of a sector: the unit of atomic writes. */
  readonly sectorSize: number;
  readonly sectors: number;
  read(sector: number, into: Uint8Array): void;
  write(sector: number, data: Uint8Array): void;
  flush(): void;
}

/** What a filesystem takes from its surroundings, and nothing else. */
export interface Environment {
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: Timers;
  readonly network: Network;
  /** The disk of a name, made with `size` bytes if there is none. */
  disk(name: string, size: number): Disk;
  /** Where a filesystem says what its user should know: one line. */
  warn(message: string): void;
}
