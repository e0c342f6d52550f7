import type { Clock } from '../../env/index.ts';
import { type Attributes, compareTimes, errno } from '../../vfs/index.ts';
import type { Fattr, WccAttributes, WccData } from '../protocol/index.ts';
import { attributesOf, changed, contentChanged } from './attributes.ts';
import type { Node } from './node.ts';
import type { NfsClientOptions } from './options.ts';

/** Which attributes are believed, and for how long (fs/nfs/inode.c). */
export class AttributeCache {
  readonly #clock: Clock;
  readonly #options: NfsClientOptions;
  /** Counts calls that were sent and attributes that came, so that it can be said which was first (nfs_fattr, gencount). */
  #events = 0;

  constructor(clock: Clock, options: NfsClientOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  /** The moment at which a call is sent. */
  event(): number {
    this.#events++;
    return this.#events;
  }

  /** Whether the attributes need not be asked for. */
  believes(node: Node): boolean {
    return node.attributes !== undefined && node.valid && this.#now() < node.believedUntil;
  }

  invalidate(node: Node): void {
    node.invalidate(this.event());
  }

  /**
   * Takes attributes from the reply to a call that was sent at `sent`; false where they are older than those that are there.
   * What changed is this client's own doing where `before` is what was known.
   *
   * @throws ESTALE with the habit to believe in another filesystem
   */
  accept(node: Node, fattr: Fattr, sent: number, before?: WccAttributes): boolean {
    const { habits } = this.#options;
    if (node.fsid !== undefined && node.fsid !== fattr.fsid && habits.fsid === 'believed') throw errno.ESTALE;
    node.fsid ??= fattr.fsid;
    const after = attributesOf(fattr);
    const known = node.attributes;
    if (known !== undefined) {
      const late = sent < node.taken && compareTimes(after.ctime, known.ctime) <= 0;
      if (late && habits.lateAttributes === 'refused') return false;
      const own = node.valid && before !== undefined && isSame(known, before);
      if (!own && contentChanged(known, after)) node.epoch++;
    }
    const isNew = known === undefined || changed(known, after);
    if (isNew) node.access.clear();
    const { acregmin, acregmax, acdirmin, acdirmax } = this.#options;
    node.attributes = after;
    const [least, most] = node.isDirectory ? [acdirmin, acdirmax] : [acregmin, acregmax];
    // Attributes that do not change are believed longer and longer (nfs_update_inode).
    node.believedFor = isNew ? least * 1000 : Math.min(most * 1000, Math.max(least * 1000, node.believedFor * 2));
    node.believedUntil = this.#now() + node.believedFor;
    node.taken = this.event();
    node.valid = true;
    return true;
  }

  /** The same for an operation that changed an object; where the reply does not say what it is now, it is not known. */
  acceptChange(node: Node, { before, after }: WccData, sent: number): void {
    if (after === undefined) this.invalidate(node);
    else this.accept(node, after, sent, before);
  }

  /** The same for a reply that may say what an object is. */
  acceptIfThere(node: Node, fattr: Fattr | undefined, sent: number): void {
    if (fattr !== undefined) this.accept(node, fattr, sent);
  }

  #now(): number {
    return this.#clock.monotonic() / 1e6;
  }
}

const isSame = (known: Attributes, { size, mtime, ctime }: WccAttributes): boolean =>
  known.size === size && compareTimes(known.mtime, mtime) === 0 && compareTimes(known.ctime, ctime) === 0;
