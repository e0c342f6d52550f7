import type { Call, CrashPromise, SysResult } from '../../vfs/index.ts';
import type { Inode } from '../inode.ts';
import type { Model } from '../model.ts';
import { InodeHistory } from './inode-history.ts';

/** The page cache cuts writes into requests at pages; direct writes of more bytes than this are cut anywhere. */
const PAGE = 4096;
const writes: ReadonlySet<Call['op']> = new Set(['write', 'pwrite', 'writev', 'copy_file_range']);

/**
 * What a filesystem was after each call of a program, and what was made safe when: from it follows what may be there after a
 * crash at any moment. What was there at the start is safe. sync(2) and syncfs(2) promise nothing: they do not reach a FUSE
 * filesystem (fuse_sync_fs, fs/fuse/inode.c).
 */
export class CrashHistory {
  readonly promise: CrashPromise;
  readonly root: InodeHistory;
  readonly #model: Model;
  readonly #inodes = new Map<Inode, InodeHistory>();
  /** Calls after which all metadata up to a call is safe. */
  readonly #commits: { readonly at: number; readonly upTo: number }[] = [];
  #calls = 0;

  constructor(promise: CrashPromise, model: Model) {
    this.promise = promise;
    this.#model = model;
    this.root = this.#historyOf(model.root);
    this.#record(Infinity);
  }

  get calls(): number {
    return this.#calls;
  }

  inodes(): Iterable<InodeHistory> {
    return this.#inodes.values();
  }

  /** A call is over, and the model has judged it. */
  called(pid: number, call: Call, result: SysResult): void {
    this.#calls += 1;
    this.#record(!writes.has(call.op) ? Infinity : typeof result === 'number' && result <= PAGE ? PAGE : 1);
    if ((call.op !== 'fsync' && call.op !== 'fdatasync') || result !== 0) return;
    const inode = this.#model.inodeOf(pid, call.fd);
    if (inode === undefined) return;
    const at = this.#calls;
    const history = this.#historyOf(inode);
    const dataOnly = call.op === 'fdatasync' && !inode.isDirectory;
    history.syncs.push({ at, dataOnly });
    const grown = history.sizes.slice(1).at(-1)?.at ?? 0;
    this.#commits.push({ at, upTo: dataOnly ? grown : at });
  }

  /** The last call up to which all metadata is safe after `done` calls; 0 where nothing says so. */
  committed(done: number): number {
    if (this.promise === 'posix') return 0;
    return Math.max(0, ...this.#commits.map(({ at, upTo }) => (at <= done ? upTo : 0)));
  }

  /** Since when bytes of an inode are safe. */
  safeData(inode: InodeHistory, done: number): number {
    return inode.lastSync(done, true);
  }

  /** Since when its size is safe. */
  safeSize(inode: InodeHistory, done: number): number {
    return Math.max(inode.lastSync(done, true), this.committed(done));
  }

  /** Since when its names and attributes are safe. */
  safeMetadata(inode: InodeHistory, done: number): number {
    return Math.max(inode.lastSync(done, false), this.committed(done));
  }

  #historyOf(inode: Inode): InodeHistory {
    let history = this.#inodes.get(inode);
    if (history === undefined) {
      history = new InodeHistory(inode);
      this.#inodes.set(inode, history);
    }
    return history;
  }

  #record(step: number): void {
    for (const { inode } of this.#model.descriptors()) this.#historyOf(inode);
    // A history that is found on the way comes to its turn.
    for (const history of this.#inodes.values()) history.record(this.#calls, step, (inode) => this.#historyOf(inode));
  }
}
