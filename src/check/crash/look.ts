import type { TreeNode, Violation } from '../../model/index.ts';
import type { Without } from '../profile.ts';
import { snapshot } from '../snapshot.ts';
import { Remembered } from './remembered.ts';
import type { CrashRun, Survivors } from './run.ts';
import { leakOf, type Space } from './space.ts';

/** What a filesystem shows when it is up after a crash. */
export type Look =
  | { readonly failure: string }
  | {
      readonly tree: TreeNode;
      /** What is taken by nothing that anybody can reach. */
      readonly leak: Violation | undefined;
    };

/** Looks at what crashes leave, once at what looks the same. */
export class Looks {
  readonly #without: Without;
  readonly #empty: Space | undefined;
  readonly #known = new Remembered<Look>();

  /** `empty`: what the fresh filesystem takes, undefined where that is not looked at. */
  constructor(without: Without, empty: Space | undefined) {
    this.#without = without;
    this.#empty = empty;
  }

  async at(left: Survivors): Promise<Look> {
    const { stored } = left;
    const known = stored && this.#known.find(stored);
    if (known !== undefined) return known;
    const look = await this.#look(left);
    if (stored !== undefined) this.#known.keep(stored, look);
    return look;
  }

  async #look(left: Survivors): Promise<Look> {
    let back: CrashRun | undefined;
    try {
      back = left.start();
      const tree = await snapshot(back.kernel, this.#without, 'after the crash');
      return { tree, leak: this.#empty && (await leakOf(back.kernel, tree, this.#empty, this.#without)) };
    } catch (error) {
      const problems = back?.problems.map((problem) => `; ${problem}`).join('') ?? '';
      const where = back === undefined ? 'it cannot be mounted after the crash: ' : '';
      return { failure: `${where}${(error as Error).message}${problems}` };
    } finally {
      await back?.kernel.close();
    }
  }
}
