/** What the comparison leaves out, because Linux leaves it open or because it is a property of the harness. */
export interface Tolerance {
  readonly what: string;
  readonly why: string;
}

/** All of them: docs/fidelity.md shows this list. */
export const tolerances: readonly Tolerance[] = [
  {
    what: 'the number of a request, the pid of its caller (not whether it is 0), lock owners',
    why: 'numbers of tasks, and scrambled pointers',
  },
  {
    what: 'node ids, inode numbers and handles as such',
    why: 'the filesystem chooses them: nodes are named by where they were first found, handles by the order of opening',
  },
  {
    what: 'times of now: what lies within the run by the clock of its side is `now`',
    why: 'the sides have different clocks; times that a program sets are compared',
  },
  {
    what: 'RELEASE, RELEASEDIR and FORGET are compared as sets at the end of a script, references by node',
    why: 'nobody waits for them: they go out from deferred work, forgets in batches and in turn with other requests',
  },
  {
    what: 'FORGET of nodes that another script of the same mount found',
    why: 'the kernel evicts what it likes, when it likes',
  },
  {
    what: 'WRITEs out of the page cache: up to the next request for which they must be done (FLUSH, FSYNC, SETATTR, FALLOCATE, COPY_FILE_RANGE, LSEEK, OPEN or one past the cache, of the same node), what they cover and its bytes',
    why: 'how dirty pages are gathered into requests depends on memory and on when the flusher runs',
  },
  {
    what: 'a SETATTR by which write-back hands on its own times, where one side has none to hand on; and its answer',
    why: "the kernel's clock for times of files is coarse: a write in the same tick as the one before changes no time; pages may be written before it or behind",
  },
  {
    what: 'transfers past the page cache: one that follows where the last ended is the same transfer',
    why: "where the first request ends depends on where in a page the program's buffer begins",
  },
  {
    what: 'O_NONBLOCK in the flags of open files',
    why: 'real system calls are made with it, so that no FIFO holds a process up',
  },
  {
    what: 'SETLKW and SETLK are one',
    why: 'real calls never wait for one another, because they run one by one',
  },
  {
    what: 'what fork asks for, and GETATTR and ACCESS of the root that exit and kill ask for',
    why: "the host's processes take over from one another by fchdir, and return to the root at their end",
  },
  {
    what: 'st_dev, free blocks and free inodes in results',
    why: 'a device of the host; what is free depends on every script before',
  },
  {
    what: 'a script that differs is run once more, on fresh mounts, and that run counts',
    why: 'memory pressure and drop_caches of others on the host evict entries in the middle of a script',
  },
];

/** What is left out besides where a foreign daemon stands behind the kernels. */
export const foreignTolerances: readonly Tolerance[] = [
  {
    what: 'the order of listings and the offsets in them: an offset counts the entries before it',
    why: "they are those of the host's filesystem in which the daemon keeps its files",
  },
  {
    what: 'inode numbers in results',
    why: 'the host gives a number again when a file is gone, sooner or later',
  },
  {
    what: 'nodes are named by their path when they were looked up; once all references were given back, anew',
    why: 'daemons give another file the node id of one that was forgotten, and what was forgotten another id',
  },
];
