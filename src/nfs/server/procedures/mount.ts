import { isDirectory } from '../../../vfs/index.ts';
import type { MountResult, mount } from '../../protocol/index.ts';
import type { Handlers } from '../../rpc/index.ts';
import { type Core, ownContext, type Peer } from '../core.ts';
import { statusOf } from '../failure.ts';
import { running } from '../files/locate.ts';
import { walk } from '../namespace.ts';
import { ask, type Step } from '../step.ts';

const AUTH_SYS = 1;

/** Who has mounted what, as clients tell it; a server keeps it over restarts (rmtab). */
export type Mounts = Map<string, { readonly hostname: string; readonly directory: string }>;

const mountStatuses = ['PERM', 'NOENT', 'IO', 'ACCES', 'NOTDIR', 'INVAL', 'NAMETOOLONG', 'NOTSUPP'] as const;

/** MOUNT version 3. */
export function mountProcedures(core: Core, mounts: Mounts): Handlers<typeof mount, Peer> {
  const keyOf = (host: string, path: string): string => `${host} ${path}`;
  return {
    NULL: () => ({}),
    MNT: running(core, function* ({ path: given }, { peer }): Step<MountResult<'MNT'>> {
      const { host, port } = peer;
      const path = normalized(given);
      const exported = core.exports.find(path, host);
      const options = exported === undefined ? undefined : core.exports.options(exported, host);
      if (exported === undefined || options === undefined || (options.secure && port >= 1024))
        return { status: 'ACCES' };
      try {
        const { volume, node } = yield* walk(core.volumes, path);
        if (volume !== core.roots.get(exported)?.volume && !options.crossmnt) return { status: 'ACCES' };
        const { mode } = yield* ask(volume.filesystem.getattr(node, undefined, ownContext));
        if (!isDirectory(mode)) return { status: 'NOTDIR' };
        const handle = core.handles.encode({ volume, node, exported }, 0);
        mounts.set(keyOf(host.address, path), { hostname: host.name ?? host.address, directory: path });
        return { status: 'OK', handle, flavors: [AUTH_SYS] };
      } catch (error) {
        const status = statusOf(error);
        if (status === undefined) throw error;
        return { status: mountStatuses.find((known) => known === status) ?? 'SERVERFAULT' };
      }
    }),
    DUMP: () => ({ mounts: [...mounts.values()] }),
    UMNT: ({ path }, { peer }) => {
      mounts.delete(keyOf(peer.host.address, normalized(path)));
      return {};
    },
    UMNTALL: (_args, { peer }) => {
      for (const key of mounts.keys()) if (key.startsWith(keyOf(peer.host.address, ''))) mounts.delete(key);
      return {};
    },
    EXPORT: () => ({ exports: core.exports.list() }),
  };
}

/** A path without empty components and dots. */
function normalized(path: string): string {
  const names: string[] = [];
  for (const name of path.split('/')) {
    if (name === '..') names.pop();
    else if (name !== '' && name !== '.') names.push(name);
  }
  return `/${names.join('/')}`;
}
