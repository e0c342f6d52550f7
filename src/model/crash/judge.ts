import { isDirectory, isRegular, isSymlink, S_IFMT, type U64 } from '../../vfs/index.ts';
import type { ModelOptions } from '../state.ts';
import type { TreeNode } from '../tree.ts';
import { allowed, valueAt } from './dated.ts';
import { sizeIsAmong, undoneCuts, wrongByte } from './file-content.ts';
import type { CrashHistory } from './history.ts';
import type { InodeHistory } from './inode-history.ts';
import { judgeOrder } from './order.ts';
import { quoted, showByte, since, type Violation } from './violation.ts';

/** When the power failed. */
export interface CrashMoment {
  /** Calls that were over. */
  readonly done: number;
  /** Another one was under way: it may have done its work, or a part of it. */
  readonly inFlight: boolean;
  /**
   * Bytes reach the filesystem late (a kernel that writes back): they may be written after they were cut, and be there without
   * the size that cut them.
   */
  readonly late?: boolean;
}

/** Attributes that are not judged. */
export type Ignored = NonNullable<ModelOptions['ignore']>;

/**
 * Whether a tree is one that a crash may leave behind; what was found of it after the restart, by system calls. What was
 * promised must be there, and the rest may be there or not, but nothing else may be.
 */
export function judgeCrash(
  history: CrashHistory,
  tree: TreeNode,
  moment: CrashMoment,
  ignored: Ignored = new Set(),
): Violation | undefined {
  return (
    new Judge(history, moment, ignored).judge(tree) ??
    (history.promise === 'ordered' ? judgeOrder(history, tree, moment, ignored) : undefined)
  );
}

/** A name that was found, and what it may stand for. */
interface Binding {
  readonly candidates: readonly InodeHistory[];
  readonly node: TreeNode;
  readonly path: string;
}

/** Names that are taken for something, at most; a tree that leaves so much open is not judged. */
const TRIES = 20_000;

class Judge {
  readonly #history: CrashHistory;
  readonly #done: number;
  readonly #until: number;
  readonly #late: boolean;
  readonly #ignored: Ignored;
  /** What was found, and what it was taken for. */
  readonly #numbers = new Map<U64, InodeHistory>();
  readonly #found = new Map<InodeHistory, { readonly ino: U64; readonly path: string }>();
  #tries = 0;
  #nearest: { readonly violation: Violation; readonly explained: number } | undefined;

  constructor(history: CrashHistory, { done, inFlight, late = false }: CrashMoment, ignored: Ignored) {
    this.#history = history;
    this.#late = late;
    this.#done = done;
    this.#until = inFlight ? done + 1 : done;
    this.#ignored = ignored;
  }

  judge(tree: TreeNode): Violation | undefined {
    const wrong = this.#explain([{ candidates: [this.#history.root], node: tree, path: '/' }], 0);
    return wrong ?? this.#links(tree);
  }

  /**
   * Looks for something that each name can stand for, so that all of it goes together; what comes nearest tells what is wrong.
   */
  #explain(bindings: readonly Binding[], explained: number): Violation | undefined {
    const [first, ...others] = bindings;
    if (first === undefined) return this.#furthest(this.#moves(), explained);
    const { candidates, node, path } = first;
    let wrong: Violation | undefined;
    for (const candidate of candidates) {
      this.#tries += 1;
      if (this.#tries > TRIES) return undefined;
      const numbers = new Map(this.#numbers);
      const found = new Map(this.#found);
      const children: Binding[] = [];
      const violation =
        this.#furthest(this.#node(candidate, node, path, children), explained) ??
        this.#explain([...others, ...children], explained + 1);
      if (violation === undefined) return undefined;
      wrong ??= violation;
      restore(this.#numbers, numbers);
      restore(this.#found, found);
    }
    return this.#nearest?.violation ?? wrong;
  }

  /** Keeps of all violations the first of those before which most was explained. */
  #furthest(violation: Violation | undefined, explained: number): Violation | undefined {
    if (violation !== undefined && explained > (this.#nearest?.explained ?? -1))
      this.#nearest = { violation, explained };
    return violation;
  }

  #node(inode: InodeHistory, node: TreeNode, path: string, children: Binding[]): Violation | undefined {
    return (
      this.#type(inode, node, path) ??
      this.#identity(inode, node, path) ??
      this.#attributes(inode, node, path) ??
      (isRegular(node.stat.mode) ? this.#file(inode, node, path) : undefined) ??
      (isDirectory(node.stat.mode) ? this.#directory(inode, node, path, children) : undefined)
    );
  }

  #type(inode: InodeHistory, { stat, target }: TreeNode, path: string): Violation | undefined {
    const { type } = inode;
    if (type !== (stat.mode & S_IFMT))
      return {
        promise: 'a name stands for what it was made for',
        text: `${quoted(path)} was never a ${typeName(stat.mode)}; expected a ${typeName(type)}`,
      };
    if (target !== undefined && target !== inode.inode.target)
      return {
        promise: 'a symbolic link leads where it was made to',
        text: `${quoted(path)} was made to lead to ${quoted(inode.inode.target)}; after the crash it leads to ${quoted(target)}`,
      };
    return undefined;
  }

  /** Names of one file are of one file, those of two are of two. */
  #identity(inode: InodeHistory, { stat }: TreeNode, path: string): Violation | undefined {
    const other = this.#numbers.get(stat.ino);
    const same = this.#found.get(inode);
    if (other !== undefined && other !== inode && !this.#ignored.has('inode-numbers'))
      return {
        promise: 'two files are two files',
        text: `${quoted(path)} and ${quoted(this.#found.get(other)?.path ?? '')} were never one file; after the crash they are`,
      };
    if (same !== undefined && inode.inode.isDirectory)
      return {
        promise: 'a directory has one name',
        text: `the directory ${quoted(path)} is at ${quoted(same.path)} too after the crash`,
      };
    if (same !== undefined && same.ino !== stat.ino && !this.#ignored.has('inode-numbers'))
      return {
        promise: 'names of one file are of one file',
        text: `${quoted(path)} and ${quoted(same.path)} were one file; after the crash they are two`,
      };
    this.#numbers.set(stat.ino, inode);
    if (same === undefined) this.#found.set(inode, { ino: stat.ino, path });
    return undefined;
  }

  #attributes(inode: InodeHistory, { stat, xattrs }: TreeNode, path: string): Violation | undefined {
    const safe = this.#history.safeMetadata(inode, this.#done);
    const may = allowed(inode.attributes, safe, this.#until);
    const isOne = may.some(
      ({ value }) =>
        (this.#ignored.has('modes') || isSymlink(stat.mode) || ((stat.mode ^ value.mode) & ~value.openBits) === 0) &&
        (this.#ignored.has('ownership') || (stat.uid === value.uid && stat.gid === value.gid)),
    );
    if (!isOne) {
      const show = (mode: number, uid: number, gid: number): string =>
        `mode 0${(mode & 0o7777).toString(8)}, uid ${uid}, gid ${gid}`;
      const were = may.map(({ value }) => show(value.mode, value.uid, value.gid)).join(' or ');
      return {
        promise: 'mode and owner that were synced are kept',
        text: `${quoted(path)} had ${were} (${since(safe)}); after the crash it has ${show(stat.mode, stat.uid, stat.gid)}`,
      };
    }
    for (const name of new Set([...inode.xattrs.keys(), ...(xattrs?.keys() ?? [])])) {
      const found = xattrs?.get(name);
      const values = allowed(inode.xattrs.get(name) ?? [{ at: 0, value: undefined }], safe, this.#until);
      if (values.some(({ value }) => sameBytes(value, found))) continue;
      return {
        promise: 'extended attributes that were synced are kept',
        text: `the extended attribute ${name} of ${quoted(path)} (${since(safe)}) has ${found === undefined ? 'gone' : 'another value'} after the crash`,
      };
    }
    return undefined;
  }

  #file(inode: InodeHistory, { stat, content }: TreeNode, path: string): Violation | undefined {
    const safe = this.#history.safeSize(inode, this.#done);
    const sizes = allowed(inode.sizes, safe, this.#until);
    if (!sizeIsAmong(stat.size, sizes)) {
      const [{ value: first }, ...later] = sizes;
      const was = `${quoted(path)} ${inode.lastSync(this.#done, true) === safe && safe > 0 ? `was fsynced with ${first.size} bytes at call ${safe}` : `had ${first.size} bytes (${since(safe)})`}`;
      const then = later.length === 0 ? '' : `, then had ${later.map(({ value }) => value.size).join(', ')}`;
      return {
        promise: 'the size that was synced is kept',
        text: `${was}${then}; after the crash it has ${stat.size}`,
      };
    }
    const safeData = this.#history.safeData(inode, this.#done);
    const wrong = wrongByte(inode, content ?? new Uint8Array(0), {
      safe: safeData,
      until: this.#until,
      undone: this.#late ? undefined : undoneCuts(stat.size, sizes),
      pages: this.#history.promise === 'posix',
    });
    if (wrong === undefined) return undefined;
    const { offset, found, candidates } = wrong;
    const may = [...new Set(candidates.map(({ value }) => showByte(value[offset % value.length])))].join(' or ');
    const wasThere = (inode.blocks.get(Math.floor(offset / 512)) ?? []).some(
      ({ at, value }) => at <= this.#until && value[offset % 512] === found,
    );
    return {
      promise: wasThere || found === 0 ? 'bytes that were synced are kept' : 'bytes are some that were written there',
      text: `byte ${offset} of ${quoted(path)} was ${may} (${since(safeData)}); after the crash it is ${showByte(found)}${wasThere || found === 0 ? '' : ', which was never written there'}`,
    };
  }

  #directory(inode: InodeHistory, { entries }: TreeNode, path: string, children: Binding[]): Violation | undefined {
    const prefix = path === '/' ? '/' : `${path}/`;
    for (const name of entries?.keys() ?? [])
      if (!inode.names.has(name))
        return {
          promise: 'names are some that were made',
          text: `${quoted(prefix + name)} is there after the crash, and was never made`,
        };
    const safe = this.#history.safeMetadata(inode, this.#done);
    for (const [name, values] of inode.names) {
      const may = allowed(values, safe, this.#until);
      const node = entries?.get(name);
      const child = prefix + name;
      if (node === undefined) {
        if (may.some(({ value }) => value === undefined)) continue;
        return {
          promise: 'names that were synced are kept',
          text: `${quoted(child)} was there (${since(safe)}), and nothing has removed it; after the crash it is gone`,
        };
      }
      const candidates = may.flatMap(({ value }) => value ?? []).toReversed();
      if (candidates.length === 0)
        return {
          promise: 'names whose removal was synced are gone',
          text: `${quoted(child)} was removed (${since(safe)}); after the crash it is there`,
        };
      children.push({ candidates, node, path: child });
    }
    return undefined;
  }

  /** What stat(2) counts is what there is. */
  #links(tree: TreeNode): Violation | undefined {
    if (this.#ignored.has('inode-numbers')) return undefined;
    const counts = new Map<U64, { path: string; names: number; nlink: number }>();
    const count = ({ entries }: TreeNode, prefix: string): void => {
      for (const [name, child] of entries ?? []) {
        const known = counts.get(child.stat.ino);
        if (known !== undefined) known.names += 1;
        else if (!isDirectory(child.stat.mode))
          counts.set(child.stat.ino, { path: `${prefix}/${name}`, names: 1, nlink: child.stat.nlink });
        count(child, `${prefix}/${name}`);
      }
    };
    count(tree, '');
    for (const { path, names, nlink } of counts.values())
      if (names !== nlink)
        return {
          promise: 'link counts are the number of names',
          text: `${quoted(path)} has ${names} name${names === 1 ? '' : 's'} after the crash, and a link count of ${nlink}`,
        };
    return undefined;
  }

  /** A directory that was safe and has only been moved is at one of its places, as long as one of those is there. */
  #moves(): Violation | undefined {
    for (const inode of this.#history.inodes()) {
      if (!inode.inode.isDirectory || this.#found.has(inode) || inode === this.#history.root) continue;
      const places = this.#placesOf(inode);
      if (places === undefined || !places.every(({ parent }) => this.#found.has(parent))) continue;
      const names = places.map(({ parent, name }) => quoted(joined(this.#found.get(parent)?.path ?? '', name)));
      return {
        promise: 'a directory that is moved is at one of its places',
        text: `the directory that was ${names.join(' and then ')} is at none of them after the crash`,
      };
    }
    return undefined;
  }

  /** Where a directory may be; undefined where it may be nowhere: it was not safe, or had no name in between. */
  #placesOf(inode: InodeHistory): readonly { parent: InodeHistory; name: string }[] | undefined {
    const places: { parent: InodeHistory; name: string }[] = [];
    const bound = new Set<number>();
    let from = -1;
    for (const parent of this.#history.inodes()) {
      const safe = this.#history.safeMetadata(parent, this.#done);
      for (const [name, values] of parent.names) {
        if (allowed(values, safe, this.#until).some(({ value }) => value === inode)) places.push({ parent, name });
        if (valueAt(values, safe)?.value === inode) from = Math.max(from, safe);
        for (let at = 0; at <= this.#until; at++) if (valueAt(values, at)?.value === inode) bound.add(at);
      }
    }
    if (from < 0) return undefined;
    for (let at = from; at <= this.#until; at++) if (!bound.has(at)) return undefined;
    return places;
  }
}

const joined = (path: string, name: string): string => (path === '/' ? `/${name}` : `${path}/${name}`);

function restore<Key, Value>(map: Map<Key, Value>, to: ReadonlyMap<Key, Value>): void {
  map.clear();
  for (const [key, value] of to) map.set(key, value);
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return Buffer.compare(a, b) === 0;
}

const names: Readonly<Record<number, string>> = {
  26411: 'socket',
  21609: 'symbolic link',
  16807: 'file',
  14406: 'block device',
  9604: 'directory',
  4802: 'character device',
  2401: 'FIFO',
};

const typeName = (mode: number): string => names[mode & S_IFMT] ?? 'file of no type';
