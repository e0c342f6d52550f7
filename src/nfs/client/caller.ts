import type { Environment } from '../../env/index.ts';
import { type Context, errno } from '../../vfs/index.ts';
import {
  type MountArgs,
  type MountProcedure,
  type MountResult,
  mount,
  type NfsArgs,
  type NfsProcedure,
  type NfsResult,
  nfs,
} from '../protocol/index.ts';
import { type Credential, decodeResult, encodeCall, readReply } from '../rpc/index.ts';
import { XdrError, type XdrReader, XdrWriter } from '../xdr/index.ts';
import { interruptible } from './interruptible.ts';
import { Transport, type TransportOptions } from './transport.ts';

/** Milliseconds until a server that said JUKEBOX is asked again (NFS_JUKEBOX_RETRY_TIME). */
const JUKEBOX_WAIT = 5000;

/** On whose behalf a call is made, and how long. */
export interface Caller {
  readonly credential: Credential;
  readonly signal: AbortSignal;
}

export const never: AbortSignal = new AbortController().signal;

/** AUTH_SYS of a caller. FUSE does not tell supplementary groups: a call carries none. */
export const credentialOf = ({ uid, gid }: Pick<Context, 'uid' | 'gid'>): Credential => ({
  flavor: 'SYS',
  stamp: 0,
  machine: 'estale',
  uid,
  gid,
  groups: [],
});

/** What the client does by itself: as root, for which the server has its own ideas. */
export const ownCaller: Caller = { credential: credentialOf({ uid: 0, gid: 0 }), signal: never };

/** Procedures of the server as functions. */
export class ServerCalls {
  readonly #environment: Environment;
  readonly #nfs: Transport;
  readonly #mount: Transport;
  readonly #writer = new XdrWriter();

  constructor(environment: Environment, options: TransportOptions & { readonly mountport: number }) {
    this.#environment = environment;
    this.#nfs = new Transport(environment, options);
    const { mountport } = options;
    this.#mount = mountport === options.port ? this.#nfs : new Transport(environment, { ...options, port: mountport });
  }

  /** Calls that are not answered. */
  get pending(): number {
    return this.#nfs.pending;
  }

  /** A procedure of NFS; its result may be an error. A server that wants to be asked later is. @throws Errno without a result */
  async nfs<Name extends NfsProcedure>(name: Name, args: NfsArgs<Name>, caller: Caller): Promise<NfsResult<Name>> {
    for (;;) {
      const xid = this.#nfs.takeXid();
      const record = this.#encode(() => encodeCall(this.#writer, nfs, name, args, xid, caller.credential));
      const reply = await this.#nfs.call(xid, record, caller.signal);
      const result = this.#decode(name, reply, (results) => decodeResult(nfs, name, results));
      if (!('status' in result) || result.status !== 'JUKEBOX') return result;
      await interruptible(this.#wait(JUKEBOX_WAIT), caller.signal);
    }
  }

  async mount<Name extends MountProcedure>(
    name: Name,
    args: MountArgs<Name>,
    caller: Caller,
  ): Promise<MountResult<Name>> {
    const xid = this.#mount.takeXid();
    const record = this.#encode(() => encodeCall(this.#writer, mount, name, args, xid, caller.credential));
    const reply = await this.#mount.call(xid, record, caller.signal);
    return this.#decode(name, reply, (results) => decodeResult(mount, name, results));
  }

  close(): void {
    this.#nfs.close();
    this.#mount.close();
  }

  #wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => this.#environment.timers.after(milliseconds, resolve));
  }

  #encode(encode: () => Uint8Array): Uint8Array {
    try {
      return encode();
    } catch (error) {
      // A value that has no place in the message.
      if (error instanceof XdrError) throw errno.EINVAL;
      throw error;
    }
  }

  #decode<T>(name: string, record: Uint8Array, decode: (results: XdrReader) => T): T {
    try {
      const { reply, results } = readReply(record);
      if (reply.status === 'SUCCESS') return decode(results);
      if (reply.status === 'AUTH_ERROR') throw errno.EACCES;
      this.#environment.warn(`nfs: ${name} was answered ${reply.status}`);
    } catch (error) {
      if (!(error instanceof XdrError)) throw error;
      this.#environment.warn(`nfs: ${name} was answered with what is no reply: ${error.message}`);
    }
    throw errno.EIO;
  }
}
