import type { Environment } from '../../env/index.ts';
import {
  type Attributes,
  type Entry,
  type Errno,
  errno,
  type NodeId,
  ROOT_NODE,
  S_IFMT,
  type Timespec,
} from '../../vfs/index.ts';
import type { Fattr, NfsArgs, NfsError, NfsProcedure, NfsResult, SetAttributes } from '../protocol/index.ts';
import { AttributeCache } from './attribute-cache.ts';
import { type Caller, ServerCalls } from './caller.ts';
import { errnoOfStatus } from './failure.ts';
import type { Node } from './node.ts';
import { NodeTable } from './node-table.ts';
import type { NfsClientOptions } from './options.ts';
import { WriteBack } from './write-back.ts';

type Failed<Name extends NfsProcedure> = Extract<NfsResult<Name>, { readonly status: NfsError }>;
type Done<Name extends NfsProcedure> = Extract<NfsResult<Name>, { readonly status: 'OK' }>;

/** What the parts of the client share. */
export class Core {
  readonly environment: Environment;
  readonly options: NfsClientOptions;
  readonly calls: ServerCalls;
  readonly nodes = new NodeTable();
  readonly cache: AttributeCache;
  readonly writes: WriteBack;
  /** Most bytes of one READ and WRITE: those of the options, and no more than the server takes. */
  transfer: { readonly read: number; readonly write: number };
  /** The directory for files that were unlinked while they were open, with the habit to put them aside. */
  aside: Node | undefined;

  constructor(environment: Environment, options: NfsClientOptions) {
    this.environment = environment;
    this.options = options;
    this.transfer = { read: options.rsize, write: options.wsize };
    this.calls = new ServerCalls(environment, options);
    this.cache = new AttributeCache(environment.clock, options);
    this.writes = new WriteBack(this);
  }

  /**
   * A procedure on a node. `told` takes what any reply says, that of a failure too, and when the call was sent.
   * @throws Errno of a failure
   */
  async call<Name extends Exclude<NfsProcedure, 'NULL'>>(
    node: Node,
    name: Name,
    args: NfsArgs<Name>,
    caller: Caller,
    told: (result: NfsResult<Name>, sent: number) => void,
  ): Promise<Done<Name>> {
    const sent = this.cache.event();
    const result = await this.calls.nfs(name, args, caller);
    told(result, sent);
    if (isDone<Name>(result)) return result;
    throw this.failed(node, (result as Failed<Name>).status);
  }

  /** The errno of a status about a node. */
  failed(node: Node, status: NfsError): Errno {
    const error = errnoOfStatus(status);
    if (error === errno.ESTALE) this.markStale(node);
    return error;
  }

  /** The server no longer knows the handle. */
  markStale(node: Node): void {
    node.stale = true;
    this.cache.invalidate(node);
    if (this.options.habits.stale === 'looked-up-again')
      for (const dentry of node.dentries) this.nodes.dropDentry(dentry);
  }

  /** The attributes of a node: those that are believed, or as the server is asked. @throws Errno */
  async attributes(node: Node, caller: Caller, mayBelieve = true): Promise<Attributes> {
    if (mayBelieve && this.cache.believes(node)) return this.shown(node);
    for (let tries = 1; !node.dead; tries++) {
      const sent = this.cache.event();
      const result = await this.calls.nfs('GETATTR', { object: node.handle }, caller);
      if (result.status === 'OK') {
        if (this.cache.accept(node, result.attributes, sent) || node.valid || tries === 3) break;
      } else if (isGone(result.status) && this.#mayDie(node)) this.#die(node);
      else throw this.failed(node, result.status);
    }
    return this.shown(node);
  }

  /** Changes attributes, those of what is gone only here; gives what they are. */
  async change(node: Node, changes: SetAttributes, caller: Caller): Promise<Attributes> {
    const args = { object: node.handle, newAttributes: changes, guard: undefined };
    try {
      if (!node.dead)
        await this.call(node, 'SETATTR', args, caller, ({ wcc }, sent) => this.cache.acceptChange(node, wcc, sent));
    } catch (error) {
      if (error !== errno.ESTALE || node.removed === undefined) throw error;
    }
    const attributes = await this.attributes(node, caller);
    if (node.dead) node.attributes = changedHere(attributes, changes, this.environment.clock.now());
    return this.shown(node);
  }

  /** What is open is not replaced by what is known of it: data would be missing. */
  #mayDie(node: Node): boolean {
    return node.removed !== undefined && node.attributes !== undefined && node.descriptors === 0;
  }

  /** The last name of a node is gone, by this client's doing, and with it what the server had: who still holds it sees this. */
  #die(node: Node): void {
    if (node.attributes === undefined || node.removed === undefined) return;
    node.dead = true;
    node.attributes = { ...node.attributes, nlink: 0, ctime: node.removed };
    this.nodes.bury(node);
  }

  /** A node's attributes as the kernel is told them: what this client hid does not count. */
  shown(node: Node): Attributes {
    const { attributes } = node;
    if (attributes === undefined) throw errno.EIO;
    const hidden = node.silly !== undefined || (node.id === ROOT_NODE && this.aside !== undefined) ? 1 : 0;
    const ino = this.inodeNumber(attributes.ino, node);
    if (hidden === 0 && ino === attributes.ino) return attributes;
    return { ...attributes, ino, nlink: Math.max(0, attributes.nlink - hidden) };
  }

  inodeNumber(fileid: Attributes['ino'], { fsid }: Node): Attributes['ino'] {
    const root = this.nodes.find(ROOT_NODE);
    if (fsid === undefined || fsid === root?.fsid || this.options.habits.inodeNumbers === 'as-told') return fileid;
    const mixed = BigInt.asUintN(64, BigInt(fileid) ^ (BigInt(fsid) * 0x9e3779b97f4a7c15n));
    return mixed <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(mixed) : mixed;
  }

  /** What a server takes at most (FSINFO); 0 says nothing. */
  limitTransfers({ rtmax, wtmax }: { readonly rtmax: number; readonly wtmax: number }): void {
    const { read, write } = this.transfer;
    this.transfer = { read: Math.min(read, rtmax || read), write: Math.min(write, wtmax || write) };
  }

  /** A node, which is in use, as an entry that the kernel gets a reference with: its attributes those after all that was written. */
  async entry(node: Node, caller: Caller): Promise<Entry> {
    await this.writes.flush(node, caller.signal);
    const attributes = await this.attributes(node, caller);
    node.lookups++;
    return { node: node.id, generation: node.generation, attributes };
  }

  /** What a reply says of an object: its node, in use. */
  described(handle: Uint8Array, fattr: Fattr | undefined, sent: number): Node {
    const node = this.nodes.use(handle);
    try {
      this.cache.acceptIfThere(node, fattr, sent);
      node.stale = false;
    } catch (error) {
      this.nodes.unuse(node);
      throw error;
    }
    return node;
  }

  node(id: NodeId): Node {
    return this.nodes.get(id);
  }
}

function isDone<Name extends NfsProcedure>(result: NfsResult<Name>): result is Done<Name> {
  return (result as { readonly status?: string }).status === 'OK';
}

/** What a change of attributes makes of those that are left of a directory or file. */
function changedHere(
  attributes: Attributes,
  { mode, uid, gid, size, atime, mtime }: SetAttributes,
  now: Timespec,
): Attributes {
  const time = (given: Timespec | 'now' | undefined, old: Timespec): Timespec =>
    given === 'now' ? now : (given ?? old);
  return {
    ...attributes,
    mode: mode === undefined ? attributes.mode : (attributes.mode & S_IFMT) | mode,
    uid: uid ?? attributes.uid,
    gid: gid ?? attributes.gid,
    size: typeof size === 'number' ? size : attributes.size,
    atime: time(atime, attributes.atime),
    mtime: time(mtime, attributes.mtime),
    ctime: now,
  };
}

const isGone = (status: NfsError): boolean => errnoOfStatus(status) === errno.ESTALE;
