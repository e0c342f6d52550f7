import { errnoName, errnoNumbers, S_IFDIR, type SysResult, type Timespec, type U64 } from '../vfs/index.ts';
import { Inode } from './inode.ts';
import { type OpenFile, Process } from './process.ts';
import { type Verdict, wrongResult } from './verdict.ts';

export const E = errnoNumbers;

/** What a target may differ in without being wrong. */
export interface ModelOptions {
  /** 'linux': 2 plus the number of subdirectories. 'one': or 1, as btrfs and many FUSE filesystems have it. */
  readonly directoryNlink?: 'linux' | 'one';
  /** Nanoseconds to which a time that utimensat set is kept. */
  readonly timeGranularity?: number;
  /** Seconds that a time can have: those of ext4, or 32 bits without a sign (NFS version 3); beyond them it is not judged. */
  readonly timeRange?: 'ext4' | 'unsigned';
  /** sysctl fs.protected_hardlinks: a user may link only what he owns, or may read and write. */
  readonly protectedHardlinks?: boolean;
  /**
   * Bytes that every file may have; larger ones may be refused: EFBIG, or ENOSPC where holes take space. Default 1 GiB.
   */
  readonly fileSizeLimit?: number;
  /** 'refused': a shared mapping of a file gives ENODEV (direct I/O of FUSE). */
  readonly sharedMappings?: 'given' | 'refused';
  /** Attributes that are not judged; of access times only that something has read since the first call. */
  readonly ignore?: ReadonlySet<'ownership' | 'modes' | 'times' | 'access-times' | 'inode-numbers'>;
}

/** When a call ran, by the clock that stamps inodes; `slack` as `Kernel.timeSlack`, nanoseconds. */
export interface CallClock {
  readonly before: Timespec;
  readonly after: Timespec;
  readonly slack: number;
}

const nothing: NonNullable<ModelOptions['ignore']> = new Set();
const noTime: Timespec = { sec: 0, nsec: 0 };

/** The state of the model, and what the rules of the calls share. */
export class State {
  readonly options: Required<ModelOptions>;
  readonly root: Inode;
  readonly processes = new Map<number, Process>();
  /** Which inode last showed an inode number. */
  readonly numbers = new Map<U64, Inode>();

  // The call that is being judged.
  op = '';
  process!: Process;
  result: SysResult = 0;
  failed = false;
  /** `before` of the first call. */
  began: Timespec | undefined = undefined;
  before: Timespec = noTime;
  after: Timespec = noTime;
  slack = 0;

  // What the last path walk found (walk.ts).
  dir: Inode;
  name = '';
  last: 'name' | 'dot' | 'dotdot' | 'root' = 'name';
  slash = false;
  needDirectory = false;
  found: Inode | undefined = undefined;
  links = 0;

  /** Where the last write ended (files.ts). */
  end = 0;

  constructor(options: ModelOptions = {}) {
    this.options = {
      directoryNlink: options.directoryNlink ?? 'linux',
      timeGranularity: options.timeGranularity ?? 1,
      timeRange: options.timeRange ?? 'ext4',
      protectedHardlinks: options.protectedHardlinks ?? false,
      fileSizeLimit: options.fileSizeLimit ?? 2 ** 30,
      sharedMappings: options.sharedMappings ?? 'given',
      ignore: options.ignore ?? nothing,
    };
    this.root = new Inode(S_IFDIR | 0o755, 0, 0);
    this.root.parent = this.root;
    this.dir = this.root;
  }

  /** The result must be this errno. */
  fails(error: number): Verdict {
    return this.result === -error ? undefined : wrongResult(errnoName(error), this.result);
  }

  /** The result must be one of these errnos. */
  failsWith(...errors: number[]): Verdict {
    for (const error of errors) if (this.result === -error) return undefined;
    return wrongResult(errors.map(errnoName).join(' or '), this.result);
  }

  /** The result must be no error. */
  succeeds(): Verdict {
    return this.failed ? wrongResult('success', this.result) : undefined;
  }

  isError(error: number): boolean {
    return this.result === -error;
  }

  descriptor(fd: number): OpenFile | undefined {
    return this.process.files[fd];
  }

  /** A descriptor for calls that O_PATH does not allow (fdget). */
  file(fd: number): OpenFile | undefined {
    const file = this.process.files[fd];
    return file === undefined || file.isPath ? undefined : file;
  }

  touchMtime(inode: Inode): void {
    inode.mtime.touch(this.before, this.after, this.slack, this.op);
    inode.ctime.touch(this.before, this.after, this.slack, this.op);
  }

  touchCtime(inode: Inode): void {
    inode.ctime.touch(this.before, this.after, this.slack, this.op);
  }

  mayTouchMtime(inode: Inode): void {
    inode.mtime.mayTouch(this.before, this.after, this.slack, this.op);
    inode.ctime.mayTouch(this.before, this.after, this.slack, this.op);
  }

  /** What was stored into memory may by now have moved the times: at the store, or when it was written back since. */
  mayHaveWrittenBack(inode: Inode): void {
    if (inode.stored === undefined) return;
    const { since } = inode.stored;
    inode.mtime.mayTouch(since, this.after, this.slack, 'store');
    inode.ctime.mayTouch(since, this.after, this.slack, 'store');
  }

  /** Nothing of it is left to be written back. */
  wroteBack(inode: Inode): void {
    this.mayHaveWrittenBack(inode);
    inode.stored = undefined;
  }

  /** Whether a time lies between the first call and the end of this one. */
  isOfThisRun({ sec, nsec }: Timespec): boolean {
    const { sec: from, nsec: fromNsec } = this.began ?? this.before;
    const early = (sec - from) * 1e9 + nsec - fromNsec < -this.slack;
    return !early && (sec - this.after.sec) * 1e9 + nsec - this.after.nsec <= 0;
  }

  /** atime of what was read: left open (noatime, relatime, caches that the filesystem never hears of). */
  accessed(inode: Inode): void {
    inode.atime.forget(this.op);
  }

  spawn(pid: number, uid: number, gid: number, groups: readonly number[], umask: number): void {
    this.processes.set(pid, new Process(pid, uid, gid, groups, umask, this.root));
  }
}
