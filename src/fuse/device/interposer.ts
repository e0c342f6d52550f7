import type { Environment } from '../../env/index.ts';
import type { FileSystem } from '../../vfs/index.ts';
import type { LinkHook } from '../link-hook.ts';
import type { Tap } from './tap.ts';

/** What stands between a mount and its filesystem: around its surroundings, around itself, and on the link. */
export interface Interposer {
  environment(environment: Environment): Environment;
  /** Called once. @throws where it cannot stand there */
  filesystem(filesystem: FileSystem): FileSystem;
  readonly link: LinkHook;
  /** There is another program's daemon in the place of a filesystem, and only the link. @throws where that is not enough */
  bridge(): void;
  /** Whether it needs timers, which a blocking loop does not have; asked when `filesystem` was called. */
  needsEventLoop(): boolean;
  /** The connection has ended. */
  close(): void;
}

/** Where a worker finds the function that makes one, `interpose`, and what it is given. */
export interface InterposerModule {
  /** URL of an ES module that exports `interpose: Interpose`. */
  readonly module: string;
  /** Data that can be cloned. */
  readonly data: unknown;
}

/** A module, and who hears what the interposer says. */
export interface SpeakingInterposer {
  readonly module: InterposerModule;
  readonly said: (message: unknown) => void;
}

/**
 * `say` tells something to the thread that mounted, from a blocking loop too. `tap`, where somebody listens to the messages, is
 * told of what is done to them.
 */
export type Interpose = (data: unknown, say: (message: unknown) => void, tap?: Tap) => Interposer;

/** Loads the module and makes the interposer. */
export async function loadInterposer(
  { module, data }: InterposerModule,
  say: (message: unknown) => void,
  tap: Tap | undefined,
): Promise<Interposer> {
  const { interpose } = (await import(module)) as { interpose: Interpose };
  return interpose(data, say, tap);
}
