/**
 * What a client does where a careful one and a careless one differ: the first of each is the default, which is Linux' unless
 * it says otherwise.
 */
export interface ClientHabits {
  /**
   * What was written UNSTABLE and COMMIT answers with another verifier: compared: it is written again, after some rounds
   * FILE_SYNC, which Linux does not. compared-forever: without end, as in Linux. ignored: nobody looks, what the server lost
   * is lost.
   */
  readonly verifier: 'compared' | 'compared-forever' | 'ignored';
  /** Where an append goes: to the end of the file as it was last heard of, or as the server is asked right before. */
  readonly append: 'cached-size' | 'asked-size';
  /** Who says whether a file may be opened: the server (ACCESS), or the mode bits as in NFS version 2. */
  readonly access: 'server' | 'mode-bits';
  /** Attributes in a reply that was asked for before others came: refused, or taken over those that are newer. */
  readonly lateAttributes: 'refused' | 'taken';
  /** A number of the filesystem that is not what it was: ignored, or taken as a crossed mount, which is ESTALE. */
  readonly fsid: 'ignored' | 'believed';
  /**
   * Inode numbers of filesystems below the export, which are seen as one with it: distinct: made different from the export's.
   * as-told: two files may have the same.
   */
  readonly inodeNumbers: 'distinct' | 'as-told';
  /** A cached name whose handle is stale: it is looked up once more, or kept until the directory is listed. */
  readonly stale: 'looked-up-again' | 'kept-until-listing';
  /**
   * An open file that is unlinked: parent: it is renamed to .nfsXXXX where it is, as Linux does. aside: it is renamed into one
   * directory of the export's root that is hidden from users of this client. off: it is removed, and its reader finds it stale.
   */
  readonly sillyRename: 'parent' | 'aside' | 'off';
}

/** Options of the client, most under their names in nfs(5); times are seconds unless it is said. */
export interface NfsClientOptions {
  readonly host: string;
  readonly port: number;
  /** Port of the MOUNT service. */
  readonly mountport: number;
  /** The exported directory. */
  readonly path: string;
  /** hard: a call is repeated until it is answered or its caller interrupted. soft: it fails with EIO after `retrans` repetitions. */
  readonly recovery: 'hard' | 'soft';
  /** Tenths of a second until a call is sent again, 1 to 6000; each repetition waits that much longer. */
  readonly timeo: number;
  /** Repetitions before the server counts as not responding. */
  readonly retrans: number;
  /** The own port after a reconnection. */
  readonly sourceport: 'same' | 'new';
  /** How long attributes are believed: at least (when they just changed), and at most. */
  readonly acregmin: number;
  readonly acregmax: number;
  readonly acdirmin: number;
  readonly acdirmax: number;
  /** Which names are remembered. positive: not those that are not there. */
  readonly lookupcache: 'all' | 'positive' | 'none';
  /** Close-to-open: opening a file asks the server for its attributes, whatever is cached. */
  readonly cto: boolean;
  /**
   * back: data is kept here until close, fsync, stat, or a while. through: it is written UNSTABLE at once, committed at close
   * and fsync. sync: it is written FILE_SYNC at once.
   */
  readonly writes: 'back' | 'through' | 'sync';
  /** Most bytes of one READ and WRITE, 1024 to 1048576. */
  readonly rsize: number;
  readonly wsize: number;
  /** Listings with attributes and handles (READDIRPLUS). */
  readonly rdirplus: boolean;
  readonly habits: ClientHabits;
}

export const usualHabits: ClientHabits = {
  verifier: 'compared',
  append: 'cached-size',
  access: 'server',
  lateAttributes: 'refused',
  fsid: 'ignored',
  inodeNumbers: 'distinct',
  stale: 'looked-up-again',
  sillyRename: 'parent',
};

/** What nfs(5) has as defaults; host and path have none. */
export const defaultClientOptions: Omit<NfsClientOptions, 'host' | 'path'> = {
  port: 2049,
  mountport: 2049,
  recovery: 'hard',
  timeo: 600,
  retrans: 2,
  sourceport: 'same',
  acregmin: 3,
  acregmax: 60,
  acdirmin: 30,
  acdirmax: 60,
  lookupcache: 'all',
  cto: true,
  writes: 'back',
  rsize: 1 << 20,
  wsize: 1 << 20,
  rdirplus: true,
  habits: usualHabits,
};

/** noac of nfs(5): nothing is believed for any time, and nothing kept back. */
export const withoutCaches = {
  acregmin: 0,
  acregmax: 0,
  acdirmin: 0,
  acdirmax: 0,
  lookupcache: 'none',
  writes: 'sync',
} as const satisfies Partial<NfsClientOptions>;
