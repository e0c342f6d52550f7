import type { FileSystemFactory } from '../env/index.ts';
import {
  type ClientHabits,
  defaultClientOptions,
  NfsClient,
  type NfsClientOptions,
  usualHabits,
} from './client/index.ts';
import { NfsServer, type ServerHabits } from './server/index.ts';

export interface ThroughNfsOptions {
  readonly client?: Partial<Omit<NfsClientOptions, 'habits'>> & { readonly habits?: Partial<ClientHabits> };
  readonly server?: Partial<ServerHabits>;
}

const HOST = 'server';
const PATH = '/export';

/** What version 3 has no words for, as capability names of the checks; permissions are checked at each call, not at open. */
export const nfsWithout = [
  'tmpfile',
  'rename-flags',
  'xattrs',
  'fallocate',
  'punch-hole',
  'seek-hole',
  'handles',
  'permissions',
] as const;

/** A filesystem as a client sees it: a server of it and the client, on two hosts of the same simulated network. */
export function throughNfs(
  factory: FileSystemFactory,
  { client = {}, server = {} }: ThroughNfsOptions = {},
): FileSystemFactory {
  return (environment, options) => {
    const exports = [{ path: PATH, clients: [{ hosts: '*', options: { squash: 'none' } as const }] }];
    const volumes = [{ at: PATH, filesystem: factory(environment, options) }];
    const serving = new NfsServer(environment, { volumes, exports, habits: server });
    const { port } = defaultClientOptions;
    serving
      .start()
      .then(() => serving.listen(HOST, port))
      .catch((error) => environment.warn(`nfs: the server does not start: ${error}`));
    const habits = { ...usualHabits, ...client.habits };
    return new NfsClient(environment, { ...defaultClientOptions, host: HOST, path: PATH, ...client, habits });
  };
}
