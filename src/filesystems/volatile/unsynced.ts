import type { CrashPromise, Decide } from '../../vfs/index.ts';
import { apply, type Change, cellOf, type Edit } from './change.ts';
import type { StoredInode } from './stored-inode.ts';

/** What a call did, as the promise takes it apart. */
export type Deed =
  /** Names, attributes, cutting off: with `ordered` one change. */
  | 'metadata'
  /** Writing: with `ordered` pages are changes of their own, and the size comes after them. */
  | 'data'
  /** A directory gets another place: it is at one of both, whatever the promise. */
  | 'move';

/**
 * What was changed and is not safe yet. A crash keeps any of the changes, as long as it keeps what they need:
 *
 * - `posix`: every edit is a change of its own, and needs the one before it of the same page, name, size, ...; only what is cut
 *   off is lost with the change of the size, as a whole. Moves of directories need each other in their order, so that no directory ends up below itself.
 * - `ordered`: every change of metadata needs the one before it; one of a size needs the pages that were written with it; one
 *   of a page needs those of that page before it.
 */
export class Unsynced {
  readonly #promise: CrashPromise;
  #changes: Change[] = [];
  #number = 0;
  readonly #last = new Map<string, Change>();
  #lastMetadata: Change | undefined = undefined;
  #lastMove: Change | undefined = undefined;
  /** The youngest change of each cell that is safe, as long as there are older ones that are not. */
  readonly #safe = new Map<string, number>();

  constructor(promise: CrashPromise) {
    this.#promise = promise;
  }

  /** What a call did; its edits are in the live state already. */
  add(deed: Deed, edits: readonly Edit[]): void {
    if (edits.length === 0) return;
    if (this.#promise === 'posix') this.#addIndependent(deed, edits);
    else this.#addOrdered(deed, edits);
  }

  #addIndependent(deed: Deed, edits: readonly Edit[]): void {
    if (deed === 'move') {
      const needs = this.#before(edits);
      if (this.#lastMove !== undefined) needs.push(this.#lastMove);
      this.#lastMove = this.#push(edits, needs, false);
      return;
    }
    // What is cut off goes with the size: nothing but that tells the disk of it.
    const isCut = deed === 'metadata' && edits.some(({ kind }) => kind === 'page');
    const cut = isCut ? edits.filter(({ kind }) => kind === 'page' || kind === 'size') : [];
    if (isCut) this.#push(cut, this.#before(cut.filter(({ kind }) => kind === 'size')), false);
    for (const edit of edits) if (!cut.includes(edit)) this.#push([edit], this.#before([edit]), false);
  }

  #addOrdered(deed: Deed, edits: readonly Edit[]): void {
    const pages = deed === 'data' ? edits.filter(({ kind }) => kind === 'page') : [];
    const others = edits.filter((edit) => !pages.includes(edit));
    const written = pages.map((edit) => this.#push([edit], this.#before([edit]), false));
    if (others.length === 0) return;
    const needs = others.some(({ kind }) => kind === 'size') ? written : [];
    if (this.#lastMetadata !== undefined) needs.push(this.#lastMetadata);
    this.#lastMetadata = this.#push(others, needs, true);
  }

  #before(edits: readonly Edit[]): Change[] {
    return edits.flatMap((edit) => this.#last.get(cellOf(edit)) ?? []);
  }

  #push(edits: readonly Edit[], needs: readonly Change[], isMetadata: boolean): Change {
    this.#number += 1;
    const change: Change = { edits, number: this.#number, needs, isMetadata };
    this.#changes.push(change);
    // With 'posix' bytes that are written after a cut do not need it.
    const isOfCut = this.#promise === 'posix' && edits.length > 1;
    for (const edit of edits) if (!(isOfCut && edit.kind === 'page')) this.#last.set(cellOf(edit), change);
    return change;
  }

  /** fsync(2), or with `dataOnly` fdatasync(2), of an inode. */
  sync(inode: StoredInode, dataOnly: boolean): void {
    this.#commit(({ edits, isMetadata }) => {
      if (isMetadata && !dataOnly) return true;
      return edits.some((edit) => edit.inode === inode && (!dataOnly || isData(edit)));
    });
  }

  /** syncfs(2): everything is safe. */
  syncAll(): void {
    this.#commit(() => true);
  }

  /** Makes these changes safe, and what they need. */
  #commit(isWanted: (change: Change) => boolean): void {
    const safe = new Set<Change>();
    const take = (change: Change): void => {
      if (safe.has(change)) return;
      safe.add(change);
      for (const need of change.needs) take(need);
    };
    for (const change of this.#changes) if (isWanted(change)) take(change);
    const left: Change[] = [];
    for (const change of this.#changes) {
      if (!safe.has(change)) left.push(change);
      else for (const edit of change.edits) this.#makeSafe(edit, change);
    }
    this.#changes = left;
    for (const change of left) change.needs = change.needs.filter((need) => !safe.has(need));
    if (this.#lastMetadata !== undefined && safe.has(this.#lastMetadata)) this.#lastMetadata = undefined;
    if (this.#lastMove !== undefined && safe.has(this.#lastMove)) this.#lastMove = undefined;
    if (left.length === 0) this.#safe.clear();
  }

  #makeSafe(edit: Edit, change: Change): void {
    const cell = cellOf(edit);
    if (this.#last.get(cell) === change) this.#last.delete(cell);
    if ((this.#safe.get(cell) ?? 0) > change.number) return;
    this.#safe.set(cell, change.number);
    apply(edit, edit.inode.durable);
  }

  /** The edits that a crash keeps, in their order. */
  survivors(decide: Decide): readonly Edit[] {
    const kept = new Set<Change>();
    const edits: Edit[] = [];
    for (const change of this.#changes) {
      if (!change.needs.every((need) => kept.has(need))) continue;
      if (decide(2, change.edits.map(cellOf).join(', ')) === 0) continue;
      kept.add(change);
      for (const edit of change.edits) if ((this.#safe.get(cellOf(edit)) ?? 0) < change.number) edits.push(edit);
    }
    return edits;
  }
}

const isData = ({ kind }: Edit): boolean => kind === 'page' || kind === 'size';
