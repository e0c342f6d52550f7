import { errno } from '../../vfs/index.ts';

/** An open file description: what dup and fork share. */
export interface Description {
  /** The object's descriptor; null for a directory that the object can list but not open. */
  readonly fd: number | null;
  /** Path at which it was opened, absolute. */
  readonly path: string;
  readonly flags: number;
  /** The offset as the calls so far have moved it. */
  position: number;
  /** After a seek: the object is told the offset, instead of using its own. */
  explicit: boolean;
  /** A directory's names from its first getdents on. */
  names: readonly { readonly name: string; readonly type: number }[] | undefined;
  references: number;
}

/** RLIMIT_NOFILE: descriptors are smaller. */
const DESCRIPTOR_LIMIT = 1024;
const FIRST = 3;

/** A process of FsKernel: its descriptors, working directory (absolute) and umask. */
export class FsProcess {
  readonly descriptors: Map<number, Description>;
  cwd: string;
  umask: number;

  constructor(cwd: string, umask: number, descriptors: Map<number, Description> = new Map()) {
    this.cwd = cwd;
    this.umask = umask;
    this.descriptors = descriptors;
  }

  fork(): FsProcess {
    for (const description of this.descriptors.values()) description.references += 1;
    return new FsProcess(this.cwd, this.umask, new Map(this.descriptors));
  }

  /** Whether a descriptor may be moved to this number. */
  static valid(fd: number): boolean {
    return fd >= 0 && fd < DESCRIPTOR_LIMIT;
  }

  /** Gives a description (whose reference the caller passes on) a number: `into`, or the lowest free one. */
  install(description: Description, into: number | undefined): number {
    let fd = into ?? FIRST;
    if (into === undefined) while (this.descriptors.has(fd)) fd += 1;
    if (!FsProcess.valid(fd)) return -(into === undefined ? errno.EMFILE : errno.EBADF).errno;
    this.descriptors.set(fd, description);
    return fd;
  }
}
