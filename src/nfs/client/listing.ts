import {
  type DirentPlusSink,
  type DirentSink,
  type Entry,
  errno,
  ROOT_NODE,
  S_IFDIR,
  type U64,
} from '../../vfs/index.ts';
import type { Fattr } from '../protocol/index.ts';
import { attributesOf } from './attributes.ts';
import type { Caller } from './caller.ts';
import type { Core } from './core.ts';
import type { Names } from './names.ts';
import type { Node } from './node.ts';
import { ASIDE } from './silly-names.ts';

/** Bytes of a page of names. */
const PAGE = 32_768;

interface ListedName {
  readonly fileid: U64;
  readonly name: string;
  readonly cookie: U64;
  readonly attributes?: Fattr;
  readonly handle?: Uint8Array;
}

interface Page {
  /** The cookie behind which it starts. */
  readonly from: U64;
  readonly entries: readonly ListedName[];
  readonly eof: boolean;
  /** When it was asked for. */
  readonly asked: number;
  readonly epoch: number;
}

const directoryType = S_IFDIR >> 12;

/** An open directory. */
export class Listing {
  readonly node: Node;
  readonly #core: Core;
  readonly #names: Names;
  #page: Page | undefined;
  #verifier: U64 = 0;

  constructor(core: Core, names: Names, node: Node) {
    this.#core = core;
    this.#names = names;
    this.node = node;
  }

  async list(offset: U64, sink: DirentSink, caller: Caller): Promise<void> {
    await this.#each(offset, caller, ({ name, fileid, attributes, cookie }) => {
      const type =
        attributes === undefined
          ? name === '.' || name === '..'
            ? directoryType
            : 0
          : attributesOf(attributes).mode >> 12;
      return sink.add(name, fileid, type, cookie);
    });
  }

  async listPlus(offset: U64, sink: DirentPlusSink, caller: Caller): Promise<void> {
    await this.#each(offset, caller, (listed, asked) => this.#addPlus(listed, asked, sink, caller));
  }

  async #addPlus(listed: ListedName, asked: number, sink: DirentPlusSink, caller: Caller): Promise<boolean> {
    const { name, cookie, fileid } = listed;
    if (name === '.' || name === '..') {
      const attributes = { ...this.#core.shown(this.node), ino: fileid };
      return sink.add(name, { node: this.node.id, generation: this.node.generation, attributes }, cookie);
    }
    const node = await this.#nodeOf(listed, asked, caller);
    if (node === undefined) return true;
    try {
      const entry = await this.#entry(node, caller);
      if (entry === undefined) return true;
      const taken = sink.add(name, entry, cookie);
      if (!taken) node.lookups--;
      return taken;
    } finally {
      this.#core.nodes.unuse(node);
    }
  }

  /** A node as an entry, as this listing tells it; undefined where it is gone. */
  async #entry(node: Node, caller: Caller): Promise<Entry | undefined> {
    if (node.valid && (node.unwritten?.unsent ?? 0) === 0) {
      node.lookups++;
      return { node: node.id, generation: node.generation, attributes: this.#core.shown(node) };
    }
    return await unlessGone(this.#core.entry(node, caller));
  }

  /** The node of an entry, in use; undefined where the name is gone. */
  async #nodeOf({ name, handle, attributes }: ListedName, asked: number, caller: Caller): Promise<Node | undefined> {
    const { nodes } = this.#core;
    if (handle !== undefined && attributes !== undefined) {
      const node = this.#core.described(handle, attributes, asked);
      nodes.enter({ parent: this.node, name, node, epoch: this.node.epoch, asked });
      return node;
    }
    return await unlessGone(this.#names.find(this.node, name, caller));
  }

  async #each(
    offset: U64,
    caller: Caller,
    add: (listed: ListedName, asked: number) => boolean | Promise<boolean>,
  ): Promise<void> {
    for (let at = offset; ; ) {
      const page = await this.#pageAt(at, caller);
      let first = at === page.from ? 0 : page.entries.findIndex(({ cookie }) => cookie === at) + 1;
      for (; first < page.entries.length; first++) {
        const listed = page.entries[first];
        const hidden = listed.name === ASIDE && this.node.id === ROOT_NODE && this.#core.aside !== undefined;
        if (!hidden && !(await add(listed, page.asked))) return;
        at = listed.cookie;
      }
      if (page.eof || page.entries.length === 0) return;
    }
  }

  /** The page that goes on behind a position: the one that is there, or one that the server is asked for. */
  async #pageAt(offset: U64, caller: Caller): Promise<Page> {
    const page = this.#page;
    if (page !== undefined && offset !== 0 && this.#isCurrent(page)) {
      const index = page.entries.findIndex(({ cookie }) => cookie === offset);
      if (index >= 0 && (index < page.entries.length - 1 || page.eof)) return page;
    }
    this.#page = await this.#ask(offset, caller);
    return this.#page;
  }

  /** Nothing is known to have changed since. */
  #isCurrent({ asked, epoch }: Page): boolean {
    return asked > this.node.renamed && epoch === this.node.epoch && this.#core.cache.believes(this.node);
  }

  async #ask(cookie: U64, caller: Caller): Promise<Page> {
    const { cache, options } = this.#core;
    const { node } = this;
    const position = { dir: node.handle, cookie, cookieVerifier: cookie === 0 ? 0 : this.#verifier };
    let asked = 0;
    const told = ({ dirAttributes }: { readonly dirAttributes?: Fattr }, sent: number): void => {
      asked = sent;
      cache.acceptIfThere(node, dirAttributes, sent);
    };
    if (cookie === 0) this.#forgetStale();
    const { entries, eof, cookieVerifier } = options.rdirplus
      ? await this.#core.call(node, 'READDIRPLUS', { ...position, dircount: PAGE, maxcount: PAGE }, caller, told)
      : await this.#core.call(node, 'READDIR', { ...position, count: PAGE }, caller, told);
    this.#verifier = cookieVerifier;
    return { from: cookie, entries, eof, asked, epoch: node.epoch };
  }

  /** A listing is what makes a client with the habit to keep stale names look again. */
  #forgetStale(): void {
    for (const dentry of this.node.children.values()) if (dentry.node?.stale) this.#core.nodes.dropDentry(dentry);
  }
}

async function unlessGone<T>(wanted: Promise<T>): Promise<T | undefined> {
  try {
    return await wanted;
  } catch (error) {
    if (error === errno.ENOENT || error === errno.ESTALE) return undefined;
    throw error;
  }
}
