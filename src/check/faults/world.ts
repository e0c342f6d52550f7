import {
  type CallClock,
  type Inode,
  Model,
  type ModelOptions,
  type TreeNode,
  type Verdict,
} from '../../model/index.ts';
import type { Call, Credentials, SysResult } from '../../vfs/index.ts';
import { follow } from './open-files.ts';

/** Something that happened, or may have: it changes the state, and gives a verdict on what was seen of it. */
export type Deed = (world: World) => Verdict;

/** What every state of a run starts from. */
export interface Beginning {
  readonly options: ModelOptions;
  readonly tree: TreeNode;
}

/**
 * One of the states that the filesystem may be in. It keeps what led to it, so that another can be made that begins alike: few
 * calls meet a fault, and a program is short, so that this costs less than a model that can be copied would.
 */
export class World {
  readonly model: Model;
  /** Files whose bytes, size and times are open. */
  readonly openFiles = new Set<Inode>();
  readonly #beginning: Beginning;
  readonly #deeds: Deed[] = [];

  constructor(beginning: Beginning, deeds: readonly Deed[] = []) {
    this.#beginning = beginning;
    this.model = new Model(beginning.options);
    this.model.adopt(beginning.tree);
    for (const deed of deeds) this.do(deed);
  }

  do(deed: Deed): Verdict {
    this.#deeds.push(deed);
    return deed(this);
  }

  fork(): World {
    return new World(this.#beginning, this.#deeds);
  }

  spawn(pid: number, credentials: Credentials, umask: number | undefined): void {
    this.do(({ model }) => {
      model.spawn(pid, credentials, umask);
      return undefined;
    });
  }

  step(pid: number, call: Call, result: SysResult, clock: CallClock): Verdict {
    return this.do((world) => {
      if (world.openFiles.size > 0) follow(world, pid, call, result);
      return world.model.step(pid, call, result, clock);
    });
  }
}
