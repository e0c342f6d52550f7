import type { Duration } from '../../sim/index.ts';
import type { ErrnoName } from '../../vfs/index.ts';
import type { OneOrMore } from './condition.ts';
import type { RpcOperation } from './operations.ts';

export type { Duration } from '../../sim/index.ts';

/**
 * An error in the place of the answer. `errno` must be realistic for the operation unless `unrealistic` says that this is
 * meant; of several one is drawn. Operations for which none of them is realistic are left alone.
 */
export interface ErrnoFault {
  readonly kind: 'errno';
  readonly errno: OneOrMore<ErrnoName>;
  readonly unrealistic?: boolean;
}

export interface DelayFault {
  readonly kind: 'delay';
  readonly ms: Duration;
}

/** It is lost, and whoever waits for it waits until the mount is aborted. */
export interface DropFault {
  readonly kind: 'drop';
}

/** The answer does not come: EINTR once the caller is interrupted, else nothing until the mount is aborted. */
export interface HangFault {
  readonly kind: 'hang';
}

/** It comes again, `ms` later (default 0: at once). */
export interface DuplicateFault {
  readonly kind: 'duplicate';
  readonly ms?: number;
}

/** Up to `window` later ones overtake it, but no later than after `ms` (default 1000). */
export interface ReorderFault {
  readonly kind: 'reorder';
  readonly window: number;
  readonly ms?: number;
  /** 'others': only those of other processes count. Default 'any'. */
  readonly across?: 'any' | 'others';
}

/** Bits of the data change; which, is drawn. */
export interface BitFlipFault {
  readonly kind: 'bit-flip';
  /** How many; default 1. */
  readonly bits?: number;
}

/** A range of bytes is overwritten, within the data. */
export interface RangeFault {
  readonly kind: 'range';
  readonly offset: number;
  readonly length: number;
  /** The byte that it is filled with, 0 to 255; left out, drawn bytes. */
  readonly fill?: number;
}

/** One whole sector of the file reads as zeros; which of those that the data covers, is drawn. */
export interface ZeroSectorFault {
  readonly kind: 'zero-sector';
  /** Default 512. */
  readonly size?: 512 | 4096;
}

/** Of a write only the sectors before a drawn one arrive, and it is answered as if all had. */
export interface TornFault {
  readonly kind: 'torn';
  /** Default 512. */
  readonly size?: 512 | 4096;
}

/** It reads or writes in the wrong place: `by` bytes further on, or back where it is negative. Default 4096. */
export interface MisdirectFault {
  readonly kind: 'misdirect';
  readonly by?: number;
}

/** Fewer bytes are read or written than asked for, and answered so. */
export interface ShortFault {
  readonly kind: 'short';
  /** How many are left; left out, drawn from 0 up to one less than all. */
  readonly bytes?: number;
}

/** A read answers what was read there before. */
export interface StaleReadFault {
  readonly kind: 'stale-read';
}

/**
 * A reference that is not what it was. 'forgotten': the daemon no longer knows the node, ESTALE until it is looked up again.
 * 'handle': nor the open file, ESTALE (or `errno`) until it is closed. 'generation': the node's generation is one higher from
 * now on. 'reused': the number leads to another file that the kernel knows, if there is one.
 */
export interface StaleFault<How extends string = 'forgotten' | 'handle' | 'generation' | 'reused'> {
  readonly kind: 'stale';
  readonly how: How;
}

/** A number in the place of the true one, or one that is added to it. */
export type Lie = number | { readonly add: number };

/** Attributes that are not the file's. */
export interface LieFault {
  readonly kind: 'lie';
  readonly size?: Lie;
  readonly mode?: Lie;
  readonly nlink?: Lie;
  readonly uid?: Lie;
  readonly gid?: Lie;
  readonly blocks?: Lie;
  /** Seconds since 1970. */
  readonly mtime?: Lie;
  readonly ino?: Lie;
}

/** The power fails: each sector, or change, that was not flushed is kept with this probability (default 0), as far as it can be without others. */
export interface PowerCutFault {
  readonly kind: 'power-cut';
  readonly keep?: number;
}

/** The message has more results than it should (`by` bytes, or fewer where it is negative; default 8): the caller gets EIO. */
export interface WrongLengthFault {
  readonly kind: 'wrong-length';
  readonly by?: number;
}

/** The daemon is told that somebody interrupted the request, which nobody did. */
export interface InterruptRequestFault {
  readonly kind: 'interrupt';
}

/** The daemon takes nothing for this time, and the queue fills up behind the request. */
export interface FullQueueFault {
  readonly kind: 'full-queue';
  readonly ms: number;
}

/** The first sync of a file fails, and those after it succeed although nothing more was written out ("fsyncgate"). */
export interface FsyncOnceFault {
  readonly kind: 'fsync-once';
  /** Default EIO. */
  readonly errno?: ErrnoName;
}

/** A sync says that it is done, and nothing was done. */
export interface FsyncLiesFault {
  readonly kind: 'fsync-lies';
}

type DataFault = BitFlipFault | RangeFault | ZeroSectorFault;

export type LinkRequestFault =
  | ErrnoFault
  | DelayFault
  | DropFault
  | HangFault
  | DuplicateFault
  | ReorderFault
  | InterruptRequestFault
  | FullQueueFault
  | DataFault
  | TornFault
  | MisdirectFault
  | ShortFault
  | StaleFault<'forgotten' | 'handle' | 'reused'>;

export type LinkReplyFault =
  | ErrnoFault
  | DelayFault
  | DropFault
  | DuplicateFault
  | ReorderFault
  | DataFault
  | ShortFault
  | StaleReadFault
  | StaleFault<'generation'>
  | LieFault
  | WrongLengthFault;

export type FilesystemFault =
  /** 'before' (the default): the filesystem is not asked; 'after': it did what it was asked for. */
  | (ErrnoFault & { readonly effect?: 'before' | 'after' })
  | DelayFault
  | HangFault
  | DataFault
  | TornFault
  | MisdirectFault
  | ShortFault
  | StaleReadFault
  | StaleFault
  | LieFault
  | FsyncOnceFault
  | FsyncLiesFault
  /** Filesystems only of which a crash loses what was not synced (`volatile`). */
  | PowerCutFault;

export type PageCacheFault =
  /** Clean pages that nobody uses go. */
  | { readonly kind: 'drop-pages' }
  /** Dentries and inodes that nobody uses go, and the filesystem hears FORGET. */
  | { readonly kind: 'drop-dentries' }
  /** From now on the kernel does not hear that the file has changed: it keeps its pages. */
  | { readonly kind: 'keep-stale' };

export type ProcessFault =
  /** SIGKILL for the process whose request it is. */
  | { readonly kind: 'kill' }
  /** A signal whose handler returns, for the same. */
  | { readonly kind: 'interrupt' }
  /** The daemon dies and nobody starts it again: ENOTCONN. */
  | { readonly kind: 'crash' }
  /**
   * The daemon dies and is there again after `ms` (default 0). 'kept': it knows its nodes and handles, as one does that keeps
   * them elsewhere; 'lost': it is a new one, to which old nodes are stale. What was not answered is sent again ('resend',
   * the default), or nobody hears of it any more ('lost').
   */
  | {
      readonly kind: 'restart';
      readonly memory: 'kept' | 'lost';
      readonly requests?: 'resend' | 'lost';
      readonly ms?: number;
    };

/** The time of day goes on elsewhere: so many milliseconds later, or earlier where they are negative. */
export type ClockFault = { readonly kind: 'jump'; readonly ms: number };

export type NetworkFault =
  | DelayFault
  | DropFault
  | DuplicateFault
  | ReorderFault
  | BitFlipFault
  | RangeFault
  /** The connection is cut: ECONNRESET at both ends. */
  | { readonly kind: 'reset' }
  /** Nobody listens: ECONNREFUSED. */
  | { readonly kind: 'refuse' };

type RpcFault =
  /** A status that says so is the answer: at a call the server is not asked, at a reply it has done it. */
  | ErrnoFault
  /** Later ones overtake it. */
  | DelayFault
  | DropFault
  | DuplicateFault
  | ReorderFault
  | DataFault
  /** The client's connections are cut, on both sides. */
  | { readonly kind: 'reset' }
  /**
   * The connection to the server is given up for one from another port, on which all that is not answered is sent again with
   * its xid, as a client does. At a reply: it is lost with its connection.
   */
  | { readonly kind: 'reconnect' };

export type RpcCallFault =
  | RpcFault
  /** Before it an old call of the same client goes again, byte for byte. */
  | {
      readonly kind: 'replay';
      /** Of these only; left out, of any. */
      readonly operation?: OneOrMore<RpcOperation>;
      /** The last of them is 1, the default; the one before is 2. */
      readonly back?: number;
    };

export type RpcReplyFault = RpcFault;

export type DiskFault =
  | ErrnoFault
  | DelayFault
  | DataFault
  | TornFault
  /** In sectors; default 1. */
  | { readonly kind: 'misdirect'; readonly by?: number }
  /** A write is answered, and nothing was written. */
  | { readonly kind: 'lost-write' }
  /** A flush is answered, and nothing was flushed. */
  | { readonly kind: 'flush-lies' }
  /** Simulated disks only. */
  | PowerCutFault;
