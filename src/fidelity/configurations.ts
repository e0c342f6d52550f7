import type { FileSystemOptions } from '../env/index.ts';
import type { MountOptions } from '../mount/options.ts';

/** How a filesystem is mounted, on both sides, and what it is made with. */
export interface Configuration {
  readonly name: string;
  readonly mount: MountOptions;
  readonly filesystem: FileSystemOptions;
}

/** Seconds. The finite ones are longer than what a script does between two waits takes, and shorter than those waits. */
export const FINITE = 2;
const INFINITE = 1_000_000;

const timeouts = (seconds: number): MountOptions => ({
  entryTimeout: seconds,
  attributeTimeout: seconds,
  negativeTimeout: seconds,
});

/** Nothing that a filesystem may wish for, so that each configuration says all that it has. */
const bare: MountOptions = {
  ...timeouts(0),
  allowOther: true,
  atomicOTrunc: false,
  autoInvalData: false,
  cacheSymlinks: false,
  exportSupport: false,
  handleKillprivV2: false,
  parallelDirops: true,
  readdirplus: 'auto',
};

const none = timeouts(0);
const finite = timeouts(FINITE);
const infinite = timeouts(INFINITE);
const direct = { directIo: true };
const back = { writebackCache: true };

/** So many in the background that read-ahead is not cut off by congestion, which depends on how fast the daemon is. */
const small = { maxWrite: 8192, maxRead: 8192, maxBackground: 1000 };

type Row = readonly [mount: MountOptions, filesystem?: FileSystemOptions];

const rows = {
  'direct-0': [{ ...none, ...direct }],
  'direct-infinite': [{ ...infinite, ...direct }],
  'through-0': [none],
  'through-finite': [finite],
  'through-infinite': [infinite],
  'back-0': [{ ...none, ...back }],
  'back-finite': [{ ...finite, ...back }],
  'back-infinite': [{ ...infinite, ...back }],
  /** Names are kept for ever and attributes not at all, and the other way round. */
  'names-only': [{ ...infinite, attributeTimeout: 0, negativeTimeout: 0 }],
  'attributes-only': [{ ...none, attributeTimeout: INFINITE }],
  keep: [{ ...infinite, keepCache: true }],
  'keep-0': [{ ...none, keepCache: true }],
  'auto-inval': [{ ...none, keepCache: true, autoInvalData: true }],
  'explicit-inval': [{ ...none, keepCache: true, explicitInvalData: true }],
  'atomic-trunc': [{ ...infinite, atomicOTrunc: true }],
  'back-atomic-trunc': [{ ...infinite, ...back, atomicOTrunc: true }],
  'killpriv-v1': [{ ...infinite, handleKillpriv: true }],
  'killpriv-v2': [{ ...infinite, handleKillprivV2: true }],
  'back-killpriv-v2': [{ ...infinite, ...back, handleKillprivV2: true, atomicOTrunc: true }],
  'plus-always': [{ ...infinite, readdirplus: true }],
  'plus-always-0': [{ ...none, readdirplus: true }],
  'plus-never': [{ ...infinite, readdirplus: false }],
  symlinks: [{ ...infinite, cacheSymlinks: true }],
  listings: [{ ...infinite, cacheDirectories: true, keepCache: true }],
  'listings-0': [{ ...none, cacheDirectories: true, keepCache: true }],
  'listings-once': [{ ...infinite, cacheDirectories: true }],
  export: [{ ...infinite, exportSupport: true }],
  'export-0': [{ ...none, exportSupport: true }],
  'small-readahead': [{ ...infinite, maxReadahead: 16384 }],
  'no-readahead': [{ ...infinite, maxReadahead: 0 }],
  'small-requests': [{ ...infinite, ...small }],
  'back-small-requests': [{ ...infinite, ...back, ...small }],
  'one-in-background': [{ ...infinite, maxBackground: 1 }],
  'back-one-in-background': [{ ...infinite, ...back, maxBackground: 1, maxWrite: 8192 }],
  'daemon-permissions': [{ ...infinite, defaultPermissions: false }],
  'daemon-permissions-0': [{ ...none, defaultPermissions: false }],
  locks: [{ ...infinite, ...direct }, { locks: true }],
  'read-only': [{ ...infinite, readOnly: true }],
  'nothing-implemented': [
    infinite,
    {
      without:
        'access,flush,fsync,fsyncdir,lseek,fallocate,copyFileRange,getxattr,listxattr,removexattr,statx,create,tmpfile',
    },
  ],
  /** All that ram wishes for, as it is mounted for use. */
  ram: [
    {
      ...finite,
      ...{ atomicOTrunc: true, autoInvalData: true, cacheSymlinks: true, exportSupport: true, handleKillprivV2: true },
      keepCache: true,
    },
  ],
} as const satisfies Readonly<Record<string, Row>>;

export type ConfigurationName = keyof typeof rows;

export const configurationNames = Object.keys(rows) as readonly ConfigurationName[];

export function configuration(name: ConfigurationName): Configuration {
  const [mount, filesystem = {}]: Row = rows[name];
  return { name, mount: { ...bare, ...mount }, filesystem: { reuseNodes: false, ...filesystem } };
}
