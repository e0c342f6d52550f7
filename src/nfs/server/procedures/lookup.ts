import { errno, ROOT_NODE, X_OK } from '../../../vfs/index.ts';
import type { nfs } from '../../protocol/index.ts';
import type { Handlers } from '../../rpc/index.ts';
import type { Core, Peer } from '../core.ts';
import {
  attributesNow,
  type FileObject,
  require,
  requireDirectory,
  running,
  withSameDirAttributes,
} from '../files/locate.ts';
import { checkName, described, find, within } from '../files/names.ts';
import type { Step } from '../step.ts';

export function lookupProcedures(core: Core): Pick<Handlers<typeof nfs, Peer>, 'LOOKUP'> {
  return {
    LOOKUP: running(core, ({ what: { dir, name } }, call) =>
      withSameDirAttributes(core, dir, call, function* (directory) {
        requireDirectory(directory);
        checkName(name);
        require(directory, X_OK);
        if (name === '.') return described(core, directory, 0);
        if (name === '..') return described(core, yield* above(core, directory), 0);
        const entry = yield* find(directory, name);
        if (entry === undefined) throw errno.ENOENT;
        const below = yield* across(core, within(directory, entry), call.peer);
        return described(core, below, directory.node);
      }),
    ),
  };
}

/** The volume that is on a directory, where its export lets the caller see it; else the directory. */
function* across(core: Core, object: FileObject, { host }: Peer): Step<FileObject> {
  const volume = object.volume.covered.get(object.node);
  const exported = volume === undefined ? undefined : core.exports.across(volume.at, object.exported, host);
  const options = exported === undefined ? undefined : core.exports.options(exported, host);
  if (volume === undefined || exported === undefined || options === undefined) return object;
  const root = { ...object, volume, node: ROOT_NODE, exported, options };
  return { ...root, attributes: yield* attributesNow(root) };
}

/** The directory above, never beyond what is exported. */
function* above(core: Core, directory: FileObject): Step<FileObject> {
  const { volume, node, exported, context } = directory;
  const top = core.roots.get(exported);
  if (top?.volume === volume && top.node === node) return directory;
  const over = node === ROOT_NODE ? volume.over : { volume, node };
  if (over === undefined) return directory;
  const parent = { ...directory, volume: over.volume, node: yield* over.volume.nodes.parent(over.node, context) };
  return { ...parent, attributes: yield* attributesNow(parent) };
}
