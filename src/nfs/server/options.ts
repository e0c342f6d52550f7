import type { FileSystem } from '../../vfs/index.ts';
import type { Export } from './exports/export.ts';

/** How file handles are made, and with that when they go stale. */
export type HandleHabit =
  /** Filesystem, inode and generation: valid as long as the file is. */
  | { readonly kind: 'inode' }
  /** The directory is in the handle too, and must still lead to the file (exports(5), subtree_check). */
  | { readonly kind: 'subtree-check' }
  /** The path is what the handle stands for: a rename anywhere above makes it stale, or another file's. */
  | { readonly kind: 'path' }
  /** A number in a table of at most `capacity` files: the one that was not used for longest is evicted. */
  | { readonly kind: 'table'; readonly capacity: number }
  /** The generation is when the server was started: a restart makes every handle stale. */
  | { readonly kind: 'boot-generation' }
  /** The generation is always 0: a handle whose inode was freed and used again leads to the new file. */
  | { readonly kind: 'recycled-generation' };

/** Which calls count as the same. */
export interface ReplyCacheKey {
  /** xid: the transaction number only. call: also the beginning of the call, credential and arguments included. */
  readonly call: 'xid' | 'call';
  /** none: anybody's. address: the same host's. port: the same host's from the same port. */
  readonly caller: 'none' | 'address' | 'port';
}

export type ReplyCacheHabit =
  | { readonly kind: 'off' }
  | {
      readonly kind: 'on';
      readonly key: ReplyCacheKey;
      /** Calls that are remembered; the oldest goes first. */
      readonly size: number;
      /** Whether a call is remembered while it runs, so that its copy is dropped, or only when it is done. */
      readonly inProgress: boolean;
      readonly atRestart: 'lost' | 'kept';
    };

/** The server's habits, good (the defaults) and bad; each is independent of the others. */
export interface ServerHabits {
  readonly handles: HandleHabit;
  /** changes: the number of a filesystem is another one after a restart (exports(5), fsid). */
  readonly fsid: 'fixed' | 'changes';
  readonly replyCache: ReplyCacheHabit;
  /**
   * honest: COMMIT and stable writes reach the disk, or fail with its error and change the write verifier. lies: the error is
   * swallowed. async: they are never sent there (exports(5), async).
   */
  readonly sync: 'honest' | 'lies' | 'async';
  /** split-brain: COMMIT tells another verifier than WRITE. */
  readonly writeVerifier: 'one' | 'split-brain';
  /** stored: in the file's times, as Linux does. forgotten: it is not compared. unsupported: NFS3ERR_NOTSUPP. */
  readonly exclusive: 'stored' | 'forgotten' | 'unsupported';
  /** renumbered: a name's position in the directory as it is. fileid: the file's number. */
  readonly cookies: 'stable' | 'renumbered' | 'fileid';
  /** mtime: a directory that was changed answers BAD_COOKIE to who reads on. */
  readonly cookieVerifier: 'zero' | 'mtime';
  /** seconds: times are told without their nanoseconds, so that two changes within a second look like one. */
  readonly times: 'exact' | 'seconds';
  /**
   * What a crash of the server takes with it. nothing: the filesystem keeps all it was told. unsynced: data that no COMMIT,
   * stable write or SETATTR made safe. unsynced-and-names: files created since the start, too, synced or not.
   */
  readonly crashLoses: 'nothing' | 'unsynced' | 'unsynced-and-names';
}

export const goodHabits: ServerHabits = {
  handles: { kind: 'inode' },
  fsid: 'fixed',
  replyCache: {
    kind: 'on',
    key: { call: 'call', caller: 'address' },
    size: 1024,
    inProgress: true,
    atRestart: 'lost',
  },
  sync: 'honest',
  writeVerifier: 'one',
  exclusive: 'stored',
  cookies: 'stable',
  cookieVerifier: 'zero',
  times: 'exact',
  crashLoses: 'nothing',
};

/** A filesystem in the server's tree of names. */
export interface Volume {
  /** Where it is: an absolute path. One below another hides what was there. */
  readonly at: string;
  readonly filesystem: FileSystem;
  /** Number of the filesystem, 1 to 2^31 - 1; by default its position, from 1. */
  readonly fsid?: number;
}

export interface NfsServerOptions {
  readonly volumes: readonly Volume[];
  readonly exports: readonly Export[];
  readonly habits?: Partial<ServerHabits>;
  /** The name of a client's host, for exports to `*.example`; by default its address is its name. */
  readonly nameOf?: (address: string) => string | undefined;
  /** Takes what is wrong: one line, and the error where there was one. By default the environment is warned. */
  readonly report?: (problem: string, error?: unknown) => void;
}
