import type { Connection, Environment } from '../../env/index.ts';
import { errno } from '../../vfs/index.ts';
import { RecordError, RecordReader } from '../rpc/index.ts';
import type { NfsClientOptions } from './options.ts';

/** Milliseconds for which an interrupted caller still waits for a reply: what was sent is done, and most replies are near. */
const GRACE = 1000;
/** Milliseconds before a server that refused or dropped a connection is tried again; doubles up to the second. */
const RETRY_FIRST = 500;
const RETRY_MOST = 15_000;
/** Milliseconds that a connection may take to be made. */
const CONNECT_MOST = 30_000;
/** Longest wait for a reply (nfs(5), timeo), milliseconds. */
const WAIT_MOST = 600_000;

export type TransportOptions = Pick<
  NfsClientOptions,
  'host' | 'port' | 'recovery' | 'timeo' | 'retrans' | 'sourceport'
>;

interface Waiting {
  readonly record: Uint8Array;
  readonly resolve: (reply: Uint8Array) => void;
  readonly reject: (error: unknown) => void;
  sent: boolean;
  /** Times that it was not answered since the server last counted as gone. */
  timeouts: number;
  cancelTimer: () => void;
}

/**
 * Calls over one TCP connection (net/sunrpc/clnt.c, xprtsock.c): replies are matched by xid; what is not answered is sent
 * again as it is, with the same xid, on the same connection, and after `retrans` times on a new one.
 */
export class Transport {
  readonly #environment: Environment;
  readonly #options: TransportOptions;
  readonly #waiting = new Map<number, Waiting>();
  #connection: Connection | undefined;
  /** The attempt that is under way; others are void. */
  #attempt: object | undefined;
  #cancelRetry: (() => void) | undefined;
  #retryAfter = RETRY_FIRST;
  #localPort: number | undefined;
  #nextXid: number;
  #silent = false;
  #closed = false;

  constructor(environment: Environment, options: TransportOptions) {
    this.#environment = environment;
    this.#options = options;
    this.#nextXid = environment.random.uint32();
  }

  /** Calls that are not answered. */
  get pending(): number {
    return this.#waiting.size;
  }

  takeXid(): number {
    this.#nextXid = (this.#nextXid + 1) >>> 0;
    return this.#nextXid;
  }

  /** Sends a call, a whole record with this xid in it. @throws EIO (soft), EINTR */
  call(xid: number, record: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (this.#closed || signal.aborted) {
        reject(this.#closed ? errno.EIO : errno.EINTR);
        return;
      }
      const interrupt = (): void => this.#interrupt(xid);
      const done = (): void => signal.removeEventListener('abort', interrupt);
      const waiting: Waiting = {
        record,
        resolve: (reply) => {
          done();
          resolve(reply);
        },
        reject: (error) => {
          done();
          reject(error);
        },
        sent: false,
        timeouts: 0,
        cancelTimer: () => {},
      };
      signal.addEventListener('abort', interrupt, { once: true });
      this.#waiting.set(xid, waiting);
      this.#arm(xid, waiting);
      this.#send(waiting);
    });
  }

  /** The end: whoever still waits gets EIO. */
  close(): void {
    this.#closed = true;
    this.#disconnect();
    for (const xid of [...this.#waiting.keys()]) this.#take(xid)?.reject(errno.EIO);
  }

  #take(xid: number): Waiting | undefined {
    const waiting = this.#waiting.get(xid);
    if (waiting === undefined) return undefined;
    this.#waiting.delete(xid);
    waiting.cancelTimer();
    return waiting;
  }

  #interrupt(xid: number): void {
    const waiting = this.#waiting.get(xid);
    if (waiting === undefined) return;
    const end = (): void => this.#take(xid)?.reject(errno.EINTR);
    waiting.cancelTimer();
    if (waiting.sent) waiting.cancelTimer = this.#environment.timers.after(GRACE, end);
    else end();
  }

  #arm(xid: number, waiting: Waiting): void {
    const wait = Math.min(WAIT_MOST, this.#options.timeo * 100 * (waiting.timeouts + 1));
    waiting.cancelTimer = this.#environment.timers.after(wait, () => this.#timedOut(xid, waiting));
  }

  #timedOut(xid: number, waiting: Waiting): void {
    const { recovery, retrans, host } = this.#options;
    waiting.timeouts++;
    if (waiting.timeouts > retrans) {
      if (!this.#silent)
        this.#environment.warn(
          `nfs: server ${host} not responding, ${recovery === 'soft' ? 'timed out' : 'still trying'}`,
        );
      this.#silent = true;
      if (recovery === 'soft') {
        this.#take(xid)?.reject(errno.EIO);
        return;
      }
      waiting.timeouts = 0;
      this.#disconnect();
    }
    this.#arm(xid, waiting);
    this.#send(waiting);
  }

  #send(waiting: Waiting): void {
    if (this.#connection === undefined) {
      if (this.#attempt === undefined && this.#cancelRetry === undefined) this.#connect();
      return;
    }
    waiting.sent = true;
    this.#connection.write(waiting.record);
  }

  #connect(): void {
    const { host, port, sourceport } = this.#options;
    const attempt = {};
    this.#attempt = attempt;
    const cancel = this.#environment.timers.after(CONNECT_MOST, () => this.#connectFailed(attempt));
    const localPort = sourceport === 'same' ? this.#localPort : undefined;
    this.#environment.network.connect(host, port, { localPort }).then(
      (connection) => {
        cancel();
        if (this.#attempt === attempt) this.#connected(connection);
        else connection.destroy();
      },
      () => {
        cancel();
        // The port may be another's by now.
        this.#localPort = undefined;
        this.#connectFailed(attempt);
      },
    );
  }

  #connectFailed(attempt: object): void {
    if (this.#attempt !== attempt) return;
    this.#attempt = undefined;
    this.#retryLater();
  }

  #retryLater(): void {
    if (this.#closed || this.#cancelRetry !== undefined) return;
    this.#cancelRetry = this.#environment.timers.after(this.#retryAfter, () => {
      this.#cancelRetry = undefined;
      if (this.#waiting.size > 0 && this.#connection === undefined && this.#attempt === undefined) this.#connect();
    });
    this.#retryAfter = Math.min(RETRY_MOST, this.#retryAfter * 2);
  }

  #connected(connection: Connection): void {
    this.#attempt = undefined;
    this.#connection = connection;
    this.#localPort = connection.localPort;
    let answered = false;
    const records = new RecordReader((record) => {
      answered = true;
      this.#replied(record);
    });
    connection.onData((data) => {
      if (this.#connection !== connection) return;
      try {
        records.push(data);
      } catch (error) {
        if (!(error instanceof RecordError)) throw error;
        this.#environment.warn(`nfs: server ${this.#options.host}: ${error.message}; the connection is closed`);
        connection.destroy();
      }
    });
    connection.onClose(() => {
      if (this.#connection !== connection) return;
      this.#connection = undefined;
      if (this.#waiting.size === 0) return;
      // A server that answered is tried at once; one that only takes connections is not.
      if (answered) this.#connect();
      else this.#retryLater();
    });
    for (const waiting of this.#waiting.values()) this.#send(waiting);
  }

  #replied(record: Uint8Array): void {
    if (record.length < 4) return;
    this.#retryAfter = RETRY_FIRST;
    const xid = new DataView(record.buffer, record.byteOffset).getUint32(0);
    if (this.#silent) this.#environment.warn(`nfs: server ${this.#options.host} OK`);
    this.#silent = false;
    // A second reply to a call that was sent twice finds nobody.
    this.#take(xid)?.resolve(record);
  }

  #disconnect(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#attempt = undefined;
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    connection?.destroy();
  }
}
