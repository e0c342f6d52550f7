import { type Entry, errno, NAME_MAX, type NodeId, nameLength } from '../../../vfs/index.ts';
import type { Fattr } from '../../protocol/index.ts';
import type { Core, Located } from '../core.ts';
import { answerNow, ask, errnoThrown, type Step } from '../step.ts';
import { fattrOf } from './attributes.ts';
import type { FileObject } from './locate.ts';

/** @throws the errno of a name that cannot be in a directory */
export function checkName(name: string): void {
  if (name === '') throw errno.EACCES;
  if (name.includes('/') || name.includes('\0')) throw errno.EINVAL;
  if (nameLength(name) > NAME_MAX) throw errno.ENAMETOOLONG;
}

export const isDots = (name: string): boolean => name === '.' || name === '..';

/** What a directory has under a name, which the server holds from then on; undefined where there is nothing. */
export function* find(directory: Pick<Located, 'volume' | 'node' | 'context'>, name: string): Step<Entry | undefined> {
  const { volume, node, context } = directory;
  try {
    const answer = volume.filesystem.lookup(node, name, context);
    if (answer === errno.ENOENT) return undefined;
    const entry = answerNow(answer) ?? (yield* ask(answer));
    volume.nodes.remember(entry, node, name);
    return entry;
  } catch (error) {
    if (errnoThrown(error).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** An object below a directory, seen by the same caller. */
export const within = (directory: FileObject, entry: Entry): FileObject => ({
  ...directory,
  node: entry.node,
  attributes: entry.attributes,
});

/** What a reply says of an entry: its handle and attributes. */
export function described(
  core: Core,
  { volume, node, exported, attributes }: FileObject,
  parent: NodeId,
): { readonly object: Uint8Array; readonly attributes: Fattr } {
  return {
    object: core.handles.encode({ volume, node, exported }, parent),
    attributes: fattrOf(attributes, volume),
  };
}
