import type { TreeNode } from '../model/index.ts';
import {
  type Call,
  type DirectoryEntry,
  isDirectory,
  isRegular,
  isSymlink,
  type Kernel,
  O_DIRECTORY,
  O_RDONLY,
  type Stat,
  type SysResult,
} from '../vfs/index.ts';
import type { Without } from './profile.ts';
import { OBSERVER } from './program.ts';
import { showResult } from './show-result.ts';

/** Entries and bytes beyond this make a tree too large to start from. */
const ENTRIES = 10_000;
const BYTES = 1 << 24;

/**
 * Reads what a filesystem holds; `when` is for messages. @throws where it cannot even be listed, or is too large.
 */
export async function snapshot(kernel: Kernel, without: Without, when = 'before the first program'): Promise<TreeNode> {
  const reader = new Reader(kernel, without, when);
  return await reader.node('/');
}

class Reader {
  readonly #kernel: Kernel;
  readonly #without: Without;
  readonly #when: string;
  #entries = 0;

  constructor(kernel: Kernel, without: Without, when: string) {
    this.#kernel = kernel;
    this.#without = without;
    this.#when = when;
  }

  async #call(call: Call): Promise<SysResult> {
    return await this.#kernel.call(OBSERVER.pid, call);
  }

  async #must<T extends SysResult>(call: Call, what: (result: SysResult) => result is T): Promise<T> {
    const result = await this.#call(call);
    if (what(result)) return result;
    const path = 'path' in call ? ` of ${call.path}` : '';
    throw new Error(`reading the filesystem ${this.#when}: ${call.op}${path} gave ${showResult(result)}`);
  }

  async node(path: string): Promise<TreeNode> {
    const stat = await this.#must({ op: 'lstat', path }, isStat);
    const xattrs = this.#without.has('xattrs') ? undefined : await this.#xattrs(path);
    if (isDirectory(stat.mode)) return { stat, xattrs, entries: await this.#children(path) };
    if (isSymlink(stat.mode)) return { stat, xattrs, target: await this.#must({ op: 'readlink', path }, isText) };
    if (isRegular(stat.mode)) return { stat, xattrs, content: await this.#content(path) };
    return { stat, xattrs };
  }

  async #children(path: string): Promise<ReadonlyMap<string, TreeNode>> {
    const fd = await this.#must({ op: 'open', path, flags: O_RDONLY | O_DIRECTORY, mode: 0 }, isCount);
    const names: string[] = [];
    for (;;) {
      const entries = await this.#must({ op: 'getdents', fd, size: 32768 }, isEntries);
      if (entries.length === 0) break;
      for (const { name } of entries) if (name !== '.' && name !== '..') names.push(name);
      this.#entries += entries.length;
      if (this.#entries > ENTRIES) throw new Error(`expected a tree of at most ${ENTRIES} entries to start from`);
    }
    await this.#call({ op: 'close', fd });
    const children = new Map<string, TreeNode>();
    for (const name of names) children.set(name, await this.node(path === '/' ? `/${name}` : `${path}/${name}`));
    return children;
  }

  async #content(path: string): Promise<Uint8Array> {
    const fd = await this.#must({ op: 'open', path, flags: O_RDONLY, mode: 0 }, isCount);
    const content = await this.#must({ op: 'pread', fd, size: BYTES, offset: 0 }, isBytes);
    await this.#call({ op: 'close', fd });
    return content;
  }

  async #xattrs(path: string): Promise<ReadonlyMap<string, Uint8Array> | undefined> {
    const names = await this.#call({ op: 'llistxattr', path, size: 65536 });
    if (!Array.isArray(names) || names.length === 0) return undefined;
    const xattrs = new Map<string, Uint8Array>();
    for (const name of names as readonly string[]) {
      const value = await this.#call({ op: 'lgetxattr', path, name, size: 65536 });
      if (value instanceof Uint8Array) xattrs.set(name, value);
    }
    return xattrs;
  }
}

const isStat = (result: SysResult): result is Stat => typeof result === 'object' && 'ino' in result;
const isText = (result: SysResult): result is string => typeof result === 'string';
const isCount = (result: SysResult): result is number => typeof result === 'number' && result >= 0;
const isBytes = (result: SysResult): result is Uint8Array => result instanceof Uint8Array;
const isEntries = (result: SysResult): result is readonly DirectoryEntry[] => Array.isArray(result);
