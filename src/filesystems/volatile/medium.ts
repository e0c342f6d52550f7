import { type CrashPromise, type Decide, S_IFDIR, type Timespec } from '../../vfs/index.ts';
import { apply, type Edit } from './change.ts';
import { type Content, copyOf, cutAt, type Making, PAGE, StoredInode } from './stored-inode.ts';
import { type Deed, Unsynced } from './unsynced.ts';

const epoch: Timespec = { sec: 0, nsec: 0 };

/** What is below a volatile filesystem: what is stored for good, what is not, and the power. */
export class VolatileMedium {
  readonly promise: CrashPromise;
  readonly root: StoredInode;
  readonly #unsynced: Unsynced;
  #inodes = 1;
  #points = 0;
  #cut = Infinity;

  constructor(promise: CrashPromise, root?: StoredInode) {
    this.promise = promise;
    this.root =
      root ?? new StoredInode(1, { mode: S_IFDIR | 0o755, uid: 0, gid: 0, rdev: 0, atime: epoch, mtime: epoch });
    this.#unsynced = new Unsynced(promise);
  }

  /** How many requests have changed something, or made it safe. */
  get points(): number {
    return this.#points;
  }

  /** Whether the power is gone: nothing is answered any more. */
  get isDark(): boolean {
    return this.#points > this.#cut;
  }

  /** The power goes before the request that is the next but `requests`. */
  cutAfter(requests: number): void {
    this.#cut = this.#points + requests;
  }

  /** A request that changes something, or makes it safe, is about to be carried out. False: the power is gone. */
  pass(): boolean {
    if (this.isDark) return false;
    this.#points += 1;
    return !this.isDark;
  }

  make(making: Making): StoredInode {
    this.#inodes += 1;
    return new StoredInode(this.#inodes, making);
  }

  record(deed: Deed, edits: readonly Edit[]): void {
    for (const edit of edits) apply(edit, edit.inode.live);
    this.#unsynced.add(deed, edits);
  }

  sync(inode: StoredInode, dataOnly: boolean): void {
    this.#unsynced.sync(inode, dataOnly);
  }

  syncAll(): void {
    this.#unsynced.syncAll();
  }

  /** The medium as it is after a crash now, if `decide` decides what is left. This one stays as it is. */
  survivors(decide: Decide): VolatileMedium {
    const contents = new Map<StoredInode, Content>();
    for (const edit of this.#unsynced.survivors(decide)) {
      const content = contents.get(edit.inode) ?? copyOf(edit.inode.durable);
      contents.set(edit.inode, content);
      apply(edit, content);
    }
    const made = new Map<StoredInode, StoredInode>();
    const survive = (inode: StoredInode): StoredInode => {
      const known = made.get(inode);
      if (known !== undefined) return known;
      const content = contents.get(inode) ?? inode.durable;
      const { rdev, target } = inode;
      const copy = new StoredInode(made.size + 1, { ...content, rdev, target });
      made.set(inode, copy);
      for (const state of [copy.live, copy.durable]) {
        state.size = content.size;
        for (const [index, bytes] of content.pages)
          if (index * PAGE < content.size) state.pages.set(index, cutAt(bytes, content.size - index * PAGE));
        for (const [name, value] of content.xattrs) state.xattrs.set(name, value);
        for (const [name, child] of content.entries) state.entries.set(name, survive(child));
      }
      return copy;
    };
    const medium = new VolatileMedium(this.promise, survive(this.root));
    medium.#inodes = made.size;
    return medium;
  }
}
