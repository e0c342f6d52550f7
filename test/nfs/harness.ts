import type { Connection, Network } from '../../src/env/index.ts';
import { ram } from '../../src/filesystems/index.ts';
import {
  type Credential,
  decodeResult,
  encodeCall,
  type MountArgs,
  type MountProcedure,
  type MountResult,
  mount,
  type NfsArgs,
  type NfsProcedure,
  type NfsResult,
  NfsServer,
  type NfsServerOptions,
  nfs,
  RecordReader,
  readReply,
  XdrWriter,
} from '../../src/nfs/index.ts';
import { Surroundings, VirtualClock } from '../../src/sim/index.ts';
import type { FileSystem } from '../../src/vfs/index.ts';

/** One end of a connection that delivers at once. */
class Wire implements Connection {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localPort: number;
  other: Wire | undefined;
  open = true;
  #receive: (data: Uint8Array) => void = () => {};
  #closed: (error?: Error) => void = () => {};

  constructor(remoteAddress: string, remotePort: number, localPort: number) {
    this.remoteAddress = remoteAddress;
    this.remotePort = remotePort;
    this.localPort = localPort;
  }

  write(data: Uint8Array): void {
    if (this.open && this.other !== undefined) this.other.#receive(data);
  }

  end(): void {
    this.destroy();
  }

  destroy(): void {
    for (const side of [this, this.other])
      if (side?.open) {
        side.open = false;
        side.#closed();
      }
  }

  onData(callback: (data: Uint8Array) => void): void {
    this.#receive = callback;
  }

  onClose(callback: (error?: Error) => void): void {
    this.#closed = callback;
    if (!this.open) callback();
  }
}

export interface From {
  readonly address?: string;
  readonly port?: number;
}

export const sys = (uid: number, gid = uid, groups: readonly number[] = []): Credential => ({
  flavor: 'SYS',
  stamp: 0,
  machine: 'test',
  uid,
  gid,
  groups,
});

/** A connection of a client, and the calls that it makes on it. */
export class TestClient {
  /** Records as they came, those of calls that nobody waits for too. */
  readonly replies: Uint8Array[] = [];
  credential: Credential = sys(0);
  readonly #wire: Connection;
  #open = true;
  readonly #writer = new XdrWriter();
  readonly #waiting = new Map<number, (record: Uint8Array) => void>();
  #xid = 1;

  constructor(wire: Connection) {
    this.#wire = wire;
    wire.onClose(() => {
      this.#open = false;
    });
    const reader = new RecordReader((record) => {
      this.replies.push(record);
      this.#waiting.get(new DataView(record.buffer, record.byteOffset).getUint32(0))?.(record);
    });
    wire.onData((data) => reader.push(data));
  }

  get connected(): boolean {
    return this.#open;
  }

  /** Sends bytes as they are. */
  send(bytes: Uint8Array): void {
    this.#wire.write(bytes);
  }

  close(): void {
    this.#wire.destroy();
  }

  /** The bytes of a call, to send more than once. */
  encode<Name extends NfsProcedure>(name: Name, args: NfsArgs<Name>, xid = this.#xid++): Uint8Array {
    return encodeCall(this.#writer, nfs, name, args, xid, this.credential);
  }

  async nfs<Name extends NfsProcedure>(name: Name, args: NfsArgs<Name>, xid = this.#xid++): Promise<NfsResult<Name>> {
    const record = await this.#exchange(this.encode(name, args, xid), xid);
    return decodeResult(nfs, name, success(record));
  }

  async mount<Name extends MountProcedure>(name: Name, args: MountArgs<Name>): Promise<MountResult<Name>> {
    const xid = this.#xid++;
    const record = await this.#exchange(encodeCall(this.#writer, mount, name, args, xid, this.credential), xid);
    return decodeResult(mount, name, success(record));
  }

  /** The handle of an exported directory. */
  async root(path = '/export'): Promise<Uint8Array> {
    const mounted = await this.mount('MNT', { path });
    if (mounted.status !== 'OK') throw new Error(`MNT ${path}: ${mounted.status}`);
    return mounted.handle;
  }

  /** A new file's handle. */
  async create(dir: Uint8Array, name: string, mode = 0o644): Promise<Uint8Array> {
    const made = await this.nfs('CREATE', { where: { dir, name }, how: { mode: 'GUARDED', attributes: { mode } } });
    if (made.status !== 'OK' || made.object === undefined) throw new Error(`CREATE ${name}: ${made.status}`);
    return made.object;
  }

  async mkdir(dir: Uint8Array, name: string, mode = 0o755): Promise<Uint8Array> {
    const made = await this.nfs('MKDIR', { where: { dir, name }, attributes: { mode } });
    if (made.status !== 'OK' || made.object === undefined) throw new Error(`MKDIR ${name}: ${made.status}`);
    return made.object;
  }

  async lookup(dir: Uint8Array, name: string): Promise<Uint8Array> {
    const found = await this.nfs('LOOKUP', { what: { dir, name } });
    if (found.status !== 'OK') throw new Error(`LOOKUP ${name}: ${found.status}`);
    return found.object;
  }

  write(file: Uint8Array, text: string, offset = 0): Promise<NfsResult<'WRITE'>> {
    const data = Buffer.from(text);
    return this.nfs('WRITE', { file, offset, count: data.length, stable: 'UNSTABLE', data });
  }

  /** What a file holds, or the status that says why not. */
  async read(file: Uint8Array): Promise<string> {
    const read = await this.nfs('READ', { file, offset: 0, count: 65536 });
    return read.status === 'OK' ? Buffer.from(read.data).toString() : read.status;
  }

  #exchange(call: Uint8Array, xid: number): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (!this.#open) reject(new Error('the connection is closed'));
      this.#waiting.set(xid, resolve);
      this.#wire.write(call);
    });
  }
}

function success(record: Uint8Array) {
  const { reply, results } = readReply(record);
  if (reply.status !== 'SUCCESS') throw new Error(`expected SUCCESS, given ${JSON.stringify(reply)}`);
  return results;
}

/** A filesystem with some of its members replaced. */
export const changed = (inner: FileSystem, members: Partial<FileSystem>): FileSystem =>
  new Proxy(inner, {
    get(target, name) {
      if (Object.hasOwn(members, name)) return Reflect.get(members, name);
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });

export interface TestServer {
  readonly server: NfsServer;
  readonly filesystem: FileSystem;
  readonly problems: string[];
  readonly clock: VirtualClock;
  connect(from?: From): TestClient;
}

/** A running server of one filesystem at /export, for everybody and with root as root, unless told otherwise. */
export async function startServer(
  options: Partial<NfsServerOptions> = {},
  make: (inner: FileSystem) => FileSystem = (inner) => inner,
): Promise<TestServer> {
  const clock = new VirtualClock();
  const problems: string[] = [];
  const refuse = (connection: Connection): void => connection.destroy();
  let accept = refuse;
  const network: Network = {
    connect: () => Promise.reject(new Error('a server connects to nobody')),
    listen: async (_host, port, onConnection) => {
      accept = onConnection;
      return {
        port,
        close: () => {
          accept = refuse;
        },
      };
    },
  };
  const { environment } = new Surroundings(clock, 1, { network });
  const filesystem = make(ram(environment, {}));
  const server = new NfsServer(environment, {
    volumes: [{ at: '/export', filesystem }],
    exports: [{ path: '/export', clients: [{ hosts: '*', options: { squash: 'none' } }] }],
    report: (problem, error) => problems.push(error === undefined ? problem : `${problem}: ${error}`),
    ...options,
  });
  await server.start();
  await server.listen('server', 2049);
  let nextPort = 700;
  return {
    server,
    filesystem,
    problems,
    clock,
    connect({ address = '10.0.0.1', port = nextPort++ } = {}) {
      const near = new Wire('server', 2049, port);
      const far = new Wire(address, port, 2049);
      near.other = far;
      far.other = near;
      accept(far);
      return new TestClient(near);
    },
  };
}
