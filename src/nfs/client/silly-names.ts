import { errno } from '../../vfs/index.ts';
import type { Credential } from '../rpc/index.ts';
import { type Caller, never, ownCaller } from './caller.ts';
import type { Core } from './core.ts';
import type { Node } from './node.ts';

/** The directory of files that were put aside. */
export const ASIDE = '.nfs-unlinked';

/** Files that are unlinked while they are open are renamed, and removed with their last descriptor (nfs_sillyrename, fs/nfs/unlink.c). */
export class SillyNames {
  readonly #core: Core;
  #count = 0;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Makes the directory for them, where the habit wants one. */
  async prepare(root: Node): Promise<void> {
    const { options, calls, cache } = this.#core;
    if (options.habits.sillyRename !== 'aside') return;
    const what = { dir: root.handle, name: ASIDE };
    const attributes = { mode: 0o777 };
    await calls.nfs('MKDIR', { where: what, attributes }, ownCaller);
    const sent = cache.event();
    const found = await calls.nfs('LOOKUP', { what }, ownCaller);
    if (found.status !== 'OK') throw this.#core.failed(root, found.status);
    this.#core.aside = this.#core.described(found.object, found.attributes, sent);
    await calls.nfs('SETATTR', { object: found.object, newAttributes: attributes }, ownCaller);
    cache.invalidate(root);
  }

  /** Removes the directory again where nothing is in it. */
  async cleanUp(root: Node): Promise<void> {
    if (this.#core.aside === undefined) return;
    await this.#core.calls.nfs('RMDIR', { object: { dir: root.handle, name: ASIDE } }, ownCaller);
  }

  /** Whether a name of this node is to be kept under another one instead of being removed. */
  async wants(node: Node, caller: Caller): Promise<boolean> {
    if (this.#core.options.habits.sillyRename === 'off' || node.descriptors === 0 || node.isDirectory) return false;
    if (node.silly !== undefined) return false;
    return (await this.#core.attributes(node, caller)).nlink <= 1;
  }

  /** Renames it; gives the way back. */
  async hide(node: Node, parent: Node, name: string, caller: Caller): Promise<() => Promise<void>> {
    const { cache } = this.#core;
    const directory = this.#core.aside ?? parent;
    const silly = `.nfs${BigInt(node.attributes?.ino ?? 0)
      .toString(16)
      .padStart(16, '0')}${(this.#count++).toString(16).padStart(8, '0')}`;
    const here = { dir: parent.handle, name };
    const there = { dir: directory.handle, name: silly };
    const told = (result: { fromDirWcc: object; toDirWcc: object }, sent: number): void => {
      cache.acceptChange(parent, result.fromDirWcc, sent);
      if (directory !== parent) cache.acceptChange(directory, result.toDirWcc, sent);
    };
    await this.#core.call(parent, 'RENAME', { from: here, to: there }, caller, told);
    cache.invalidate(node);
    directory.uses++;
    node.silly = { directory, name: silly, credential: caller.credential };
    return async () => {
      node.silly = undefined;
      this.#core.nodes.unuse(directory);
      await this.#core.calls.nfs('RENAME', { from: there, to: here }, caller);
    };
  }

  /** The last descriptor was closed. */
  async remove(node: Node): Promise<void> {
    const { silly } = node;
    if (silly === undefined) return;
    const { directory, name, credential } = silly;
    const object = { dir: directory.handle, name };
    try {
      // Who still holds it without having it open sees what it was.
      await this.#core.attributes(node, callerOf(credential));
      await this.#core.call(directory, 'REMOVE', { object }, callerOf(credential), ({ dirWcc }, sent) =>
        this.#core.cache.acceptChange(directory, dirWcc, sent),
      );
      node.removed = node.attributes?.ctime;
      node.silly = undefined;
      this.#core.cache.invalidate(node);
    } catch (error) {
      this.#core.environment.warn(
        `nfs: ${name} is left behind: ${error === errno.EACCES ? 'not permitted' : String(error)}`,
      );
      node.silly = undefined;
    } finally {
      this.#core.nodes.unuse(directory);
    }
  }
}

const callerOf = (credential: Credential): Caller => ({ credential, signal: never });
