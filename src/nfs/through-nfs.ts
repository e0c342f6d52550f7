import type { Environment, FileSystemFactory, FileSystemOptions } from '../env/index.ts';
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

/**
 * A filesystem as a client sees it: a server of it and the client, on two hosts of the same simulated network. What is made
 * again in the same environment is another client of the same server.
 */
export function throughNfs(
  factory: FileSystemFactory,
  { client = {}, server = {} }: ThroughNfsOptions = {},
): FileSystemFactory {
  const served = new WeakSet<Environment>();
  const serve = (environment: Environment, options: FileSystemOptions): void => {
    if (served.has(environment)) return;
    served.add(environment);
    const exports = [{ path: PATH, clients: [{ hosts: '*', options: { squash: 'none' } as const }] }];
    const volumes = [{ at: PATH, filesystem: factory(environment, options) }];
    const serving = new NfsServer(environment, { volumes, exports, habits: server });
    serving
      .start()
      .then(() => serving.listen(HOST, defaultClientOptions.port))
      .catch((error) => environment.warn(`nfs: the server does not start: ${error}`));
  };
  return (environment, options) => {
    serve(environment, options);
    const habits = { ...usualHabits, ...client.habits };
    return new NfsClient(environment, { ...defaultClientOptions, host: HOST, path: PATH, ...client, habits });
  };
}
