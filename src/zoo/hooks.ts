// Hooks of the module loader (node:module), in the process that hunts one bug: the file that has the bug is loaded with it.
import type { InitializeHook, LoadHook } from 'node:module';
import { type Patch, patched } from './patch.ts';

/** What `register` passes on. */
export interface PatchedModule {
  readonly url: string;
  readonly patch: Patch;
}

/** Where the process finds the patched modules that were evaluated. */
export const EVALUATED = 'estale: patched modules';

let modules: readonly PatchedModule[] = [];

export const initialize: InitializeHook<readonly PatchedModule[]> = (given) => {
  modules = given;
};

export const load: LoadHook = async (url, context, nextLoad) => {
  const loaded = await nextLoad(url, context);
  const patches = modules.filter((module) => module.url === url);
  if (patches.length === 0) return loaded;
  const text = new TextDecoder().decode(loaded.source as Uint8Array);
  const source = patches.reduce((changed, { patch }) => patched(changed, patch), text);
  return {
    ...loaded,
    source: `${source}\n(globalThis[Symbol.for(${JSON.stringify(EVALUATED)})] ??= []).push(${JSON.stringify(url)});\n`,
  };
};
