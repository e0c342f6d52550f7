import {
  errno,
  errnoFrom,
  type Handle,
  mayAccess,
  O_ACCMODE,
  O_APPEND,
  O_RDWR,
  O_WRONLY,
  type Opened,
  R_OK,
  W_OK,
  X_OK,
} from '../../vfs/index.ts';
import { ACCESS3 } from '../protocol/index.ts';
import type { Credential } from '../rpc/index.ts';
import type { Caller } from './caller.ts';
import type { Core } from './core.ts';
import { interruptible } from './interruptible.ts';
import type { Node } from './node.ts';
import type { SillyNames } from './silly-names.ts';

/** What execve opens a file with (FMODE_EXEC, include/linux/fs.h). */
const FMODE_EXEC = 0x20;

/** An open file: READ and WRITE are made on behalf of who opened it, as in Linux. */
export interface OpenFile {
  readonly node: Node;
  readonly credential: Credential;
}

/** What is open, and what is read and written through it. */
export class Files {
  readonly #core: Core;
  readonly #silly: SillyNames;
  readonly #open = new Map<Handle, OpenFile>();
  #next: Handle = 1;

  constructor(core: Core, silly: SillyNames) {
    this.#core = core;
    this.#silly = silly;
  }

  get(fh: Handle | undefined): OpenFile | undefined {
    return fh === undefined ? undefined : this.#open.get(fh);
  }

  async open(node: Node, flags: number, caller: Caller): Promise<Opened> {
    node.uses++;
    try {
      if (node.removing !== undefined) await interruptible(node.removing, caller.signal);
      // From here on an unlink sees it.
      node.descriptors++;
    } catch (error) {
      this.#core.nodes.unuse(node);
      throw error;
    }
    try {
      await this.#admit(node, flags, caller);
    } catch (error) {
      await this.#close(node);
      throw error;
    }
    return this.opened(node, flags, caller.credential);
  }

  /** Notes a file that is open: in use, and among the node's descriptors. */
  opened(node: Node, flags: number, credential: Credential): Opened {
    const fh = this.#next++;
    this.#open.set(fh, { node, credential });
    // What the kernel has cached is good as long as nobody else changed the file.
    const keepCache = node.cachedEpoch === node.epoch;
    node.cachedEpoch = node.epoch;
    const appends = this.#core.options.habits.append === 'asked-size' && (flags & O_APPEND) !== 0;
    return { fh, keepCache, directIo: appends };
  }

  async release(fh: Handle, signal: AbortSignal): Promise<void> {
    const file = this.#open.get(fh);
    if (file === undefined) return;
    this.#open.delete(fh);
    await this.#core.writes.commit(file.node, signal).catch(ignoreErrno);
    await this.#close(file.node);
  }

  async #close(node: Node): Promise<void> {
    node.descriptors--;
    try {
      if (node.descriptors === 0) await this.#silly.remove(node);
    } finally {
      this.#core.nodes.unuse(node);
    }
  }

  /** What may be done with a file; by the server's word, or by the mode bits. */
  async allows(node: Node, mask: number, caller: Caller, fresh: boolean): Promise<boolean> {
    const { options } = this.#core;
    if (options.habits.access === 'mode-bits') {
      const attributes = await this.#core.attributes(node, caller, !fresh);
      return mayAccess(attributes, { uid: 0, gid: 0, groups: [], ...caller.credential }, mask);
    }
    const wanted = accessOf(node, mask);
    return ((await this.#access(node, wanted, caller, fresh)) & wanted) === wanted;
  }

  async read(file: OpenFile, into: Uint8Array, offset: number, signal: AbortSignal): Promise<number> {
    const { node, credential } = file;
    const { cache, transfer } = this.#core;
    await this.#core.writes.flush(node, signal);
    let done = 0;
    while (done < into.length) {
      const count = Math.min(transfer.read, into.length - done);
      const args = { file: node.handle, offset: offset + done, count };
      const { data, eof } = await this.#core.call(node, 'READ', args, { credential, signal }, ({ attributes }, sent) =>
        cache.acceptIfThere(node, attributes, sent),
      );
      const part = data.subarray(0, into.length - done);
      into.set(part, done);
      done += part.length;
      if (eof || part.length === 0) break;
    }
    return done;
  }

  /** The check of an open, with which the attributes come from the server (close-to-open, nfs(5)). */
  async #admit(node: Node, flags: number, caller: Caller): Promise<void> {
    const { cto } = this.#core.options;
    const mode = flags & O_ACCMODE;
    const reads = mode === O_WRONLY ? 0 : (flags & FMODE_EXEC) === 0 ? R_OK : X_OK;
    const writes = mode === O_WRONLY || mode === O_RDWR ? W_OK : 0;
    await this.#core.writes.flush(node, caller.signal);
    if (!(await this.allows(node, reads | writes, caller, cto))) throw errno.EACCES;
  }

  async #access(node: Node, wanted: number, { credential, signal }: Caller, fresh: boolean): Promise<number> {
    const { cache } = this.#core;
    const who = credential.flavor === 'SYS' ? `${credential.uid}:${credential.gid}` : '';
    const known = node.access.get(who);
    if (!fresh && known !== undefined && (wanted & ~known.asked) === 0 && cache.believes(node)) return known.allowed;
    const args = { object: node.handle, access: wanted };
    const { access } = await this.#core.call(node, 'ACCESS', args, { credential, signal }, ({ attributes }, sent) => {
      if (attributes === undefined) cache.invalidate(node);
      else cache.accept(node, attributes, sent);
    });
    node.access.set(who, { asked: wanted, allowed: access });
    return access;
  }
}

/** What goes wrong with the last close has nobody to be told to. */
function ignoreErrno(error: unknown): void {
  if (errnoFrom(error) === undefined) throw error;
}

/** ACCESS3_* of R_OK, W_OK and X_OK. */
function accessOf({ isDirectory }: Node, mask: number): number {
  const changes = ACCESS3.MODIFY | ACCESS3.EXTEND | (isDirectory ? ACCESS3.DELETE : 0);
  return (
    ((mask & R_OK) === 0 ? 0 : ACCESS3.READ) |
    ((mask & W_OK) === 0 ? 0 : changes) |
    ((mask & X_OK) === 0 ? 0 : isDirectory ? ACCESS3.LOOKUP : ACCESS3.EXECUTE)
  );
}
