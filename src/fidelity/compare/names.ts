import type { U64 } from '../../vfs/index.ts';

/** Where the mount's root is meant, which no script has to itself. */
export const ROOT = '(root)';

/** Names for node ids and handles, which are the filesystem's choice: by where a node was found first, by order of opening. */
export class Names {
  readonly #nodes = new Map<U64, { readonly name: string; readonly script: string }>([[1, { name: ROOT, script: '' }]]);
  readonly #used = new Map<string, number>();
  readonly #handles = new Map<U64, string>();
  /** Handles that each script has opened. */
  readonly #opened = new Map<string, number>();
  #script = '';
  /** The script, where several work in the root. */
  #key = '';
  readonly #foreign: boolean;
  /** References that the kernel has to nodes of a foreign daemon. */
  readonly #lookups = new Map<U64, number>();

  /** A foreign daemon may give what has been forgotten another id, and another file that id. */
  constructor(foreign = false) {
    this.#foreign = foreign;
  }

  /** From now on what is found belongs to the script whose directory has this name; the root has none. */
  enter(script: string, number: number): void {
    this.#script = script;
    this.#key = String(number);
  }

  /** A node was found. */
  found(node: U64, parent: U64, name: string): void {
    if (node === 0) return;
    if (this.#foreign) this.#lookups.set(node, (this.#lookups.get(node) ?? 0) + 1);
    if (this.#nodes.has(node)) return;
    const path = this.#below(parent, name);
    this.#nodes.set(node, { name: this.#foreign ? path : this.#free(path), script: this.#script });
  }

  /** The kernel gave references back. */
  forgotten(node: U64, lookups: number): void {
    if (!this.#foreign || node === 1) return;
    const left = (this.#lookups.get(node) ?? 0) - lookups;
    this.#lookups.set(node, left);
    if (left > 0) return;
    this.#lookups.delete(node);
    this.#nodes.delete(node);
  }

  #below(parent: U64, name: string): string {
    if (parent === 1 && name === this.#script) return '/';
    const above = this.node(parent);
    return above === '/' ? `/${name}` : `${above}/${name}`;
  }

  /** The name, with a number where a node had it before. */
  #free(name: string): string {
    const key = `${this.#script}:${name}`;
    const count = (this.#used.get(key) ?? 0) + 1;
    this.#used.set(key, count);
    return count === 1 ? name : `${name}#${count}`;
  }

  node(node: U64): string {
    return this.#nodes.get(node)?.name ?? (this.#foreign ? '(unknown node)' : `(unknown node ${node})`);
  }

  /** Whether a node was found by an earlier script. */
  isForeign(node: U64): boolean {
    const known = this.#nodes.get(node);
    return known !== undefined && known.script !== this.#script;
  }

  opened(handle: U64): void {
    const count = (this.#opened.get(this.#key) ?? 0) + 1;
    this.#opened.set(this.#key, count);
    this.#handles.set(handle, `h${count}`);
  }

  /** 0 stands for no handle. */
  handle(handle: U64): string {
    return handle === 0 ? 'none' : (this.#handles.get(handle) ?? `(unknown handle ${handle})`);
  }

  /** A name or a text without the script's directory. */
  plain(text: string): string {
    if (this.#script === '') return text;
    if (text === this.#script) return '(script)';
    return text.startsWith(`/${this.#script}`) ? text.slice(this.#script.length + 1) || '/' : text;
  }

  /** The same within an order to the filesystem. */
  plainOrder(order: string): string {
    return order
      .split(' ')
      .map((word) => this.plain(word))
      .join(' ');
  }
}
