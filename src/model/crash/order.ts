import { isDirectory, isRegular, isSymlink, S_IFMT } from '../../vfs/index.ts';
import type { TreeNode } from '../tree.ts';
import { valueAt } from './dated.ts';
import { dataBeforeSize, sizeIsAmong, wrongByte } from './file-content.ts';
import type { CrashHistory } from './history.ts';
import type { InodeHistory } from './inode-history.ts';
import type { CrashMoment, Ignored } from './judge.ts';
import { quoted, type Violation } from './violation.ts';

/** Moments that are named in a violation. */
const SHOWN = 3;

/** With 'ordered': whether there is a moment since the last sync at which all metadata was as it was found. */
export function judgeOrder(
  history: CrashHistory,
  tree: TreeNode,
  { done, inFlight }: CrashMoment,
  ignored: Ignored,
): Violation | undefined {
  const from = history.committed(done);
  const until = inFlight ? done + 1 : done;
  const why: string[] = [];
  for (let at = until; at >= from; at--) {
    const difference = new Moment(history, at, done, until, ignored).differs(history.root, tree, '/');
    if (difference === undefined) return undefined;
    why.push(`${at === 0 ? 'at the start' : `after call ${at}`} ${difference}`);
  }
  const more = why.length > SHOWN ? `; and ${why.length - SHOWN} more` : '';
  return {
    promise: 'metadata is as it was at some moment',
    text: `the tree is as it was at no moment: ${why.slice(0, SHOWN).join('; ')}${more}`,
  };
}

/** What a tree differs in from the one after a call; what the next call may have done of its work is left open. */
class Moment {
  readonly #history: CrashHistory;
  readonly #at: number;
  readonly #done: number;
  readonly #until: number;
  readonly #ignored: Ignored;

  constructor(history: CrashHistory, at: number, done: number, until: number, ignored: Ignored) {
    this.#history = history;
    this.#at = at;
    this.#done = done;
    this.#until = until;
    this.#ignored = ignored;
  }

  differs(inode: InodeHistory, node: TreeNode, path: string): string | undefined {
    const { stat } = node;
    if (inode.type !== (stat.mode & S_IFMT)) return `${quoted(path)} was of another type`;
    const next = Math.min(this.#at + 1, this.#until);
    const attributes = inode.attributes.filter(
      (value) => value === valueAt(inode.attributes, this.#at) || value.at === next,
    );
    const isOne = attributes.some(
      ({ value }) =>
        (this.#ignored.has('modes') || isSymlink(stat.mode) || ((stat.mode ^ value.mode) & ~value.openBits) === 0) &&
        (this.#ignored.has('ownership') || (stat.uid === value.uid && stat.gid === value.gid)),
    );
    if (!isOne) return `${quoted(path)} had another mode or owner`;
    if (isRegular(stat.mode)) return this.#fileDiffers(inode, node, path, next);
    return isDirectory(stat.mode) ? this.#directoryDiffers(inode, node, path) : undefined;
  }

  #fileDiffers(inode: InodeHistory, { stat, content }: TreeNode, path: string, next: number): string | undefined {
    const now = valueAt(inode.sizes, this.#at);
    const sizes = inode.sizes.filter((value) => value === now || value.at === next);
    if (!sizeIsAmong(stat.size, sizes)) return `${quoted(path)} had ${now?.value.size ?? 0} bytes, not ${stat.size}`;
    const upTo = stat.size === now?.value.size ? this.#at : next;
    const wrong = wrongByte(inode, content ?? new Uint8Array(0), {
      safe: this.#history.safeData(inode, this.#done),
      until: this.#until,
      oldest: dataBeforeSize(inode, upTo),
    });
    return wrong && `byte ${wrong.offset} of ${quoted(path)} is older than the size`;
  }

  #directoryDiffers(inode: InodeHistory, { entries }: TreeNode, path: string): string | undefined {
    const prefix = path === '/' ? '/' : `${path}/`;
    for (const [name, values] of inode.names) {
      const child = valueAt(values, this.#at)?.value;
      const node = entries?.get(name);
      if (child === undefined && node !== undefined) return `${quoted(prefix + name)} was not there`;
      if (child !== undefined && node === undefined) return `${quoted(prefix + name)} was there`;
      if (child === undefined || node === undefined) continue;
      const difference = this.differs(child, node, prefix + name);
      if (difference !== undefined) return difference;
    }
    return undefined;
  }
}
