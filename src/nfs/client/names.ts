import { type Entry, errno, type Timespec } from '../../vfs/index.ts';
import type { Fattr, NfsArgs, WccData } from '../protocol/index.ts';
import type { Caller } from './caller.ts';
import type { Core } from './core.ts';
import type { Dentry, Node } from './node.ts';
import { ASIDE, type SillyNames } from './silly-names.ts';

type Making = 'CREATE' | 'MKDIR' | 'SYMLINK' | 'MKNOD';

const timeIn = ({ after }: WccData): Timespec | undefined => after?.mtime;

interface Renaming {
  readonly parent: Node;
  readonly name: string;
  readonly newParent: Node;
  readonly newName: string;
  readonly moved: Node | undefined;
  readonly replaced: Node | undefined;
}

/** Names: finding, making, removing them, and what is remembered of them (fs/nfs/dir.c). */
export class Names {
  readonly #core: Core;
  readonly #silly: SillyNames;

  constructor(core: Core, silly: SillyNames) {
    this.#core = core;
    this.#silly = silly;
  }

  /** What a name leads to, in use. @throws ENOENT */
  async find(parent: Node, name: string, caller: Caller): Promise<Node> {
    if (this.#isHidden(parent, name)) throw errno.ENOENT;
    const dentry = parent.children.get(name);
    if (dentry !== undefined && this.#isBelieved(dentry)) {
      const { node } = dentry;
      if (node === undefined) throw errno.ENOENT;
      node.uses++;
      try {
        await this.#core.attributes(node, caller);
        return node;
      } catch (error) {
        this.#core.nodes.unuse(node);
        if (error !== errno.ESTALE || this.#core.options.habits.stale === 'kept-until-listing') throw error;
      }
    }
    return await this.#ask(parent, name, caller);
  }

  /** Makes something, and gives it, in use. */
  async make<Name extends Making>(
    parent: Node,
    procedure: Name,
    args: NfsArgs<Name>,
    name: string,
    caller: Caller,
  ): Promise<Node> {
    const { cache, nodes } = this.#core;
    let asked = 0;
    const made = await this.#core.call<Making>(parent, procedure, args, caller, ({ dirWcc }, sent) => {
      asked = sent;
      cache.acceptChange(parent, dirWcc, sent);
    });
    if (made.object === undefined) return await this.#ask(parent, name, caller);
    const node = this.#core.described(made.object, made.attributes, asked);
    nodes.enter({ parent, name, node, epoch: parent.epoch, asked: cache.event() });
    return node;
  }

  async link(node: Node, parent: Node, name: string, caller: Caller): Promise<Entry> {
    const { cache, nodes } = this.#core;
    const args = { file: node.handle, link: { dir: parent.handle, name } };
    await this.#core.call(node, 'LINK', args, caller, ({ attributes, linkDirWcc }, sent) => {
      this.#changed(node, attributes, sent);
      cache.acceptChange(parent, linkDirWcc, sent);
    });
    nodes.enter({ parent, name, node, epoch: parent.epoch, asked: cache.event() });
    return await this.#core.entry(node, caller);
  }

  async unlink(parent: Node, name: string, caller: Caller): Promise<void> {
    const node = parent.children.get(name)?.node;
    await removing(node, async () => {
      if (node === undefined || !(await this.#silly.wants(node, caller)))
        return await this.#remove('REMOVE', parent, name, caller);
      await this.#silly.hide(node, parent, name, caller);
      this.#drop(parent, name);
    });
  }

  rmdir(parent: Node, name: string, caller: Caller): Promise<void> {
    return this.#remove('RMDIR', parent, name, caller);
  }

  async rename(parent: Node, name: string, newParent: Node, newName: string, caller: Caller): Promise<void> {
    if (this.#isHidden(newParent, newName)) throw errno.EBUSY;
    const moved = parent.children.get(name)?.node;
    const replaced = newParent.children.get(newName)?.node;
    const rename = { parent, name, newParent, newName, moved, replaced };
    await removing(replaced === moved ? undefined : replaced, () => this.#rename(rename, caller));
  }

  async #rename({ parent, name, newParent, newName, moved, replaced }: Renaming, caller: Caller): Promise<void> {
    const { cache, nodes } = this.#core;
    const hides = replaced !== undefined && replaced !== moved && (await this.#silly.wants(replaced, caller));
    if (!hides) await this.#remember(replaced, caller);
    const restore = hides ? await this.#silly.hide(replaced, newParent, newName, caller) : undefined;
    let at: Timespec | undefined;
    try {
      const from = { dir: parent.handle, name };
      const to = { dir: newParent.handle, name: newName };
      await this.#core.call(parent, 'RENAME', { from, to }, caller, ({ fromDirWcc, toDirWcc }, sent) => {
        cache.acceptChange(parent, fromDirWcc, sent);
        if (newParent !== parent) cache.acceptChange(newParent, toDirWcc, sent);
        at = timeIn(toDirWcc);
      });
    } catch (error) {
      await restore?.();
      throw error;
    }
    if (replaced === moved && moved !== undefined) return;
    this.#drop(parent, name);
    this.#drop(newParent, newName);
    if (replaced !== undefined && !hides) this.#removed(replaced, at);
    if (moved === undefined) return;
    cache.invalidate(moved);
    nodes.enter({ parent: newParent, name: newName, node: moved, epoch: newParent.epoch, asked: cache.event() });
  }

  async #remove(procedure: 'REMOVE' | 'RMDIR', parent: Node, name: string, caller: Caller): Promise<void> {
    const { cache } = this.#core;
    if (this.#isHidden(parent, name)) throw errno.ENOENT;
    const node = parent.children.get(name)?.node;
    await this.#remember(node, caller);
    let at: Timespec | undefined;
    await this.#core.call<'REMOVE' | 'RMDIR'>(
      parent,
      procedure,
      { object: { dir: parent.handle, name } },
      caller,
      ({ dirWcc }, sent) => {
        cache.acceptChange(parent, dirWcc, sent);
        at = timeIn(dirWcc);
      },
    );
    this.#drop(parent, name);
    if (node !== undefined) this.#removed(node, at);
  }

  /** Who holds what is going to be removed sees it afterwards as it was. */
  async #remember(node: Node | undefined, caller: Caller): Promise<void> {
    if (node !== undefined && !node.valid && !node.stale) await this.#core.attributes(node, caller);
  }

  /** A name of a node is gone, perhaps its last one. */
  #removed(node: Node, at: Timespec | undefined): void {
    node.removed = at ?? node.attributes?.ctime;
    this.#core.cache.invalidate(node);
  }

  #changed(node: Node, attributes: Fattr | undefined, sent: number): void {
    if (attributes === undefined) this.#core.cache.invalidate(node);
    else this.#core.cache.accept(node, attributes, sent);
  }

  /** nfs_lookup_revalidate: whether a name is taken as it was last heard of. */
  #isBelieved({ parent, node, epoch }: Dentry): boolean {
    const { lookupcache, habits } = this.#core.options;
    if (node?.stale && habits.stale === 'kept-until-listing') return true;
    if (lookupcache === 'none' || (node === undefined && lookupcache === 'positive')) return false;
    return epoch === parent.epoch && this.#core.cache.believes(parent);
  }

  async #ask(parent: Node, name: string, caller: Caller): Promise<Node> {
    const { cache, nodes } = this.#core;
    const { epoch } = parent;
    const asked = cache.event();
    const result = await this.#core.calls.nfs('LOOKUP', { what: { dir: parent.handle, name } }, caller);
    cache.acceptIfThere(parent, result.dirAttributes, asked);
    // Others may have changed it since: then the name is as new as the directory's attributes in this reply.
    const dentry = { parent, name, epoch: result.dirAttributes === undefined ? epoch : parent.epoch, asked };
    if (result.status === 'OK') {
      const node = this.#core.described(result.object, result.attributes, asked);
      nodes.enter({ ...dentry, node });
      return node;
    }
    if (result.status === 'NOENT') nodes.enter({ ...dentry, node: undefined });
    throw this.#core.failed(parent, result.status);
  }

  /** A name is gone; what was asked before does not count. */
  #drop(parent: Node, name: string): void {
    parent.renamed = this.#core.cache.event();
    const dentry = parent.children.get(name);
    if (dentry !== undefined) this.#core.nodes.dropDentry(dentry);
  }

  #isHidden(parent: Node, name: string): boolean {
    return name === ASIDE && this.#core.aside !== undefined && parent === this.#core.node(1);
  }
}

/** Does what may remove the last name of a node, which nobody can open meanwhile. */
async function removing(node: Node | undefined, work: () => Promise<void>): Promise<void> {
  const done = work();
  if (node === undefined) return await done;
  const settled = done.catch(() => {});
  node.removing = settled;
  try {
    await done;
  } finally {
    if (node.removing === settled) node.removing = undefined;
  }
}
