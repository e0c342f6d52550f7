import { ROOT_NODE } from '../../vfs/index.ts';
import { changes } from '../random/form.ts';
import { byRoot, type Site } from '../site.ts';
import { resultOf } from '../wire/message.ts';
import type { WireRule } from '../wire/rule.ts';

/** What brings a failure about under a mount. */
export type MountedFault =
  /** It happens at the moment that was chosen. */
  | { readonly kind: 'event'; readonly what: string; happens(site: Site): Promise<void> }
  /** It befalls messages: the next one from the moment on that was chosen, or each where none was. */
  | { readonly kind: 'messages'; readonly what: string; rules(site: Site): readonly WireRule[] }
  /** Somebody does it in the other directory, which is another client's. */
  | { readonly kind: 'other-client'; readonly what: string }
  /** It is how the hosts are, all the time. */
  | { readonly kind: 'habit'; readonly what: string };

const crash: MountedFault = {
  kind: 'event',
  what: 'the server loses power',
  happens: (site) => site.crashServer(),
};
const other = (what: string): MountedFault => ({ kind: 'other-client', what });
const habit = (what: string): MountedFault => ({ kind: 'habit', what });
const lost = { kind: 'break' } as const;

/** By the id of the scenario. */
export const mountedFaults: Readonly<Record<string, MountedFault>> = {
  'remote-unlink': other('remove a file there that is open here'),
  'rename-over': other('rename a file there over one that is open here'),
  'restart-voids-handles': {
    kind: 'event',
    what: 'the server is started anew',
    happens: (site) => site.restartServer(),
  },
  'fsid-change': crash,
  'inode-reuse': other('remove a file there that is open here, and make another'),
  'path-backed-handle': habit('what is open or a working directory is lost when it is renamed'),
  'evicted-handle': habit('the file that was not used for longest is stale when there are more than four'),
  'subtree-check': other('move a file there to another directory that is open here'),
  'retry-new-port': { kind: 'messages', what: 'a reply is lost', rules: () => [changes('every', lost)] },
  'retry-after-reboot': {
    kind: 'messages',
    what: 'the server crashes, and its reply is lost',
    rules: (site) => [
      changes('every', { kind: 'meanwhile', run: () => void site.crashServer() }),
      changes('every', lost),
    ],
  },
  'retry-in-progress': habit('the disk takes 1.5 s to remove a file, and the client asks again after 1 s'),
  'late-duplicate-write': {
    kind: 'messages',
    what: 'a copy of WRITE comes 3 s later',
    rules: () => [{ at: 'call', procedure: 'WRITE', nth: 'every', fault: { kind: 'copy', ms: 3000 } }],
  },
  'lost-unstable-write': crash,
  'verifier-split-brain': habit('fsync and close never end'),
  'commit-lies': crash,
  'async-export': crash,
  'create-not-durable': crash,
  'exclusive-retry': {
    kind: 'messages',
    what: 'the reply to CREATE is lost',
    rules: () => [{ at: 'reply', procedure: 'CREATE', nth: 'every', fault: lost }],
  },
  'append-race': other('append there to a file to which is appended here'),
  'close-to-open': other('write a file there that is open here'),
  'attribute-cache': other('change a file there that was looked at here'),
  'negative-lookup': other('make a file there that was looked for here'),
  'mtime-granularity': other('write a file there twice within a second, which is read here in between'),
  'cookie-reset': habit('removing files while listing a large directory hides others'),
  'bad-cookie': habit('removing files while listing a large directory ends the listing'),
  'silly-rename': habit('a file that is removed while it is open leaves .nfsXXXX'),
  'soft-timeout': {
    kind: 'event',
    what: 'the network is away for 30 s',
    async happens(site) {
      for (const { name } of site.hosts) {
        site.network.partition(name, 'server');
        site.timers.after(30_000, () => site.network.heal(name, 'server'));
      }
    },
  },
  'hard-hang': { kind: 'event', what: 'the server is switched off', happens: async (site) => site.server.stop() },
  'deferred-error': habit('the server has room for 64 KiB'),
  'wire-corruption': {
    kind: 'messages',
    what: 'two words are swapped on the wire',
    rules: () => [{ at: 'call', procedure: 'WRITE', nth: 'every', fault: { kind: 'damage', damage: 'swap-words' } }],
  },
  'nested-export': {
    kind: 'event',
    what: 'the server mounts a filesystem on /child',
    async happens(site) {
      await site.disk.mkdir?.(ROOT_NODE, 'child', 0o755, byRoot);
      const child = await site.mountOnServer('/child');
      await child.mkdir?.(ROOT_NODE, 'inside', 0o755, byRoot);
    },
  },
  'root-squash': habit('the server takes root for nobody, and the client does not know'),
  'locks-lost': crash,
  'grace-stall': crash,
  'inode-cache-growth': habit('each file that is looked at takes memory'),
  'estale-until-ls': other('rename a file there over one that is open here'),
  'one-bad-fsid': {
    kind: 'messages',
    what: 'a reply has fsid 0',
    rules: () => [
      {
        at: 'reply',
        procedure: 'GETATTR',
        nth: 'every',
        fault: {
          kind: 'answer',
          with: (reply) => {
            const result = resultOf(reply, 'GETATTR');
            return result?.status === 'OK' ? { ...result, attributes: { ...result.attributes, fsid: 0 } } : result;
          },
        },
      },
    ],
  },
  'readdirplus-attr-storm': {
    kind: 'messages',
    what: 'a listing comes 2 s late',
    rules: () => [{ at: 'reply', procedure: 'READDIRPLUS', nth: 'every', fault: { kind: 'delay', ms: 2000 } }],
  },
};
