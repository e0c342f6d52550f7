import { type Attributes, type Entry, type NodeId, S_ISGID, S_ISUID, S_IXGRP, type Timespec } from '../vfs/index.ts';

/** What inodes have in common, wherever their contents are. */
export abstract class BaseInode {
  abstract readonly node: NodeId;
  abstract readonly generation: number;
  abstract mode: number;
  abstract mtime: Timespec;
  abstract ctime: Timespec;
  abstract readonly directory: object | undefined;

  /** References that the kernel holds (nlookup). */
  lookups = 0;
  /** Open handles. */
  opens = 0;
  /** Made by O_TMPFILE without O_EXCL: it may get its first name later. */
  linkable = false;

  /** The attributes as they are now. */
  abstract attributes(): Attributes;

  entry(): Entry {
    return { node: this.node, generation: this.generation, attributes: this.attributes() };
  }

  /** Content changed: mtime and ctime. */
  modified(now: Timespec): void {
    this.mtime = now;
    this.ctime = now;
  }

  /** Set-user-id goes, set-group-id too where the group may execute (setattr_should_drop_suidgid, fs/attr.c). */
  dropPrivileges(): void {
    if (this.directory === undefined) this.mode &= this.mode & S_IXGRP ? ~(S_ISUID | S_ISGID) : ~S_ISUID;
  }
}
