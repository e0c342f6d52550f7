import { Message } from '../../fuse/message.ts';
import {
  fuse_init_in,
  fuse_init_out,
  initFlags,
  initFlags2,
  opcodes,
  type StructValue,
} from '../../fuse/protocol/index.ts';
import { errnoNumbers, type SysResult, type U64 } from '../../vfs/index.ts';
import type { Scheduler } from '../scheduler.ts';
import { Dentry, joinAlias } from './dcache.ts';
import { Flusher } from './flusher.ts';
import { FuseDevice, type Link } from './fuse-dev.ts';
import type { FuseRequest } from './fuse-request.ts';
import { Inode, invalidateAttributes } from './inode.ts';
import type { MountOptions } from './mount-options.ts';
import type { AddressSpace } from './page-cache.ts';
import type { PendingCall } from './pending-call.ts';
import { Process } from './process.ts';
import { VM_READAHEAD_PAGES } from './readahead.ts';
import { RwSemaphore } from './rw-semaphore.ts';

const PAGE_SIZE = 4096;
const DEFAULT_PAGES = 32;
const MAX_PAGES = 256;
const FUSE_NAME_LOW_MAX = 1024;
const FUSE_NAME_MAX = 4095;

/** What Linux 6.18 offers at INIT. */
export const OFFERED_FLAGS = 0x73fffffb;
const OFFERED_FLAGS2 = 0x5fd;
const MAX_READAHEAD = 131072;
/** FUSE_DEFAULT_MAX_BACKGROUND; three quarters of it are the threshold of congestion. */
const DEFAULT_BACKGROUND = 12;

/** struct fuse_conn with the superblock (fs/fuse/fuse_i.h, fs/fuse/inode.c): what is mounted, what was agreed, and every cached inode. */
export class FuseConnection {
  readonly scheduler: Scheduler;
  readonly device: FuseDevice;
  readonly options: MountOptions;
  /** The inode hash. */
  readonly inodes = new Map<U64, Inode>();
  readonly root: Dentry;
  readonly processes = new Map<number, Process>();
  /** s_vfs_rename_mutex. */
  readonly renameMutex = new RwSemaphore();
  /** What finishes a process' call; set by the kernel. */
  finishCall: (task: Process, pending: PendingCall, result: SysResult) => void = () => {};
  /** Sends a fatal signal to a process; set by the kernel. */
  endProcess: (task: Process) => void = () => {};
  /** RLIMIT_FSIZE of every process. */
  fileSizeLimit = Number.POSITIVE_INFINITY;
  /** Open files so far: they make the owners of flock locks, which are equal in equal runs. */
  filesOpened = 0;
  /** Handles that the filesystem gave and did not get back. */
  handles = 0;
  /** Inodes with dirty pages or times (wb->b_dirty), and who writes them in the end. */
  readonly dirtyInodes = new Set<AddressSpace>();
  readonly flusher: Flusher;
  attrVersion = 1;
  epoch = 1;

  // What the filesystem said it does not have (ENOSYS), so that it is not asked again.
  noOpen = false;
  noOpendir = false;
  noCreate = false;
  noTmpfile = false;
  noFlush = false;
  noFsync = false;
  noFsyncdir = false;
  noAccess = false;
  noSetxattr = false;
  noGetxattr = false;
  noListxattr = false;
  noRemovexattr = false;
  noLseek = false;
  noFallocate = false;
  noCopyFileRange = false;
  noCopyFileRange64 = false;
  noRename2 = false;
  noStatx = false;
  noLink = false;

  // What was agreed at INIT.
  minor = 0;
  maxRead = PAGE_SIZE;
  maxWrite = PAGE_SIZE;
  maxPages = DEFAULT_PAGES;
  nameMax = FUSE_NAME_LOW_MAX;
  posixLocks = false;
  flockLocks = false;
  atomicOTrunc = false;
  dontMask = false;
  parallelDirops = false;
  handleKillpriv = false;
  handleKillprivV2 = false;
  readdirplus = false;
  readdirplusAuto = false;
  setxattrExt = false;
  cacheSymlinks = false;
  autoInvalData = false;
  abortError = false;
  asyncRead = false;
  asyncDio = false;
  bigWrites = false;
  writebackCache = false;
  explicitInvalData = false;
  exportSupport = false;
  directIoAllowMmap = false;
  /** bdi->ra_pages: pages of the largest read-ahead. */
  readaheadPages = VM_READAHEAD_PAGES;
  maxBackground = DEFAULT_BACKGROUND;
  congestionThreshold = Math.floor((DEFAULT_BACKGROUND * 3) / 4);

  /** What the labels of its events begin with. */
  readonly name: string;

  constructor(scheduler: Scheduler, options: MountOptions, link: Link, name = '') {
    this.scheduler = scheduler;
    this.name = name;
    this.options = options;
    this.device = new FuseDevice(this, scheduler, link);
    const inode = new Inode(1, 0);
    // fuse_get_root_inode: until the first GETATTR the root is a directory without permissions.
    inode.mode = 0o040000;
    inode.nlookup = 1;
    this.inodes.set(1, inode);
    this.root = new Dentry('', null, Number.POSITIVE_INFINITY);
    this.root.hashed = true;
    joinAlias(this.root, inode);
    this.flusher = new Flusher(this, Process.spawn(this, 0, { uid: 0, gid: 0, groups: [] }, 0, this.root));
  }

  /** The clock's nanoseconds. */
  get now(): number {
    return this.scheduler.clock.nanoseconds;
  }

  /** Until when something is valid that is so for a number of seconds and nanoseconds from now (time_to_jiffies, fs/fuse/dir.c). */
  expiry(seconds: number, nanoseconds: number): number {
    return seconds === 0 && nanoseconds === 0 ? 0 : this.now + seconds * 1e9 + nanoseconds;
  }

  nextAttrVersion(): number {
    this.attrVersion += 1;
    return this.attrVersion;
  }

  /** A change of a directory by this kernel (fuse_dir_changed, fs/fuse/dir.c). */
  directoryChanged(inode: Inode): void {
    if (inode.readdirCache !== null) inode.readdirCache.changes += 1;
    invalidateAttributes(inode);
  }

  queueForget(nodeid: U64, lookups: number): void {
    this.device.queueForget(nodeid, lookups);
  }

  /** fuse_send_init: the handshake is under way when this returns. */
  sendInit(): void {
    const request = this.device.background((ended) => this.#processInitReply(ended));
    request.begin(opcodes.INIT.code, 0, fuse_init_in.size);
    fuse_init_in.write(request.message, 40, {
      major: 7,
      minor: 45,
      max_readahead: MAX_READAHEAD,
      flags: this.options.offeredFlags ?? OFFERED_FLAGS,
      flags2: OFFERED_FLAGS2,
    });
    // out_argvar: daemons below 7.23 know a shorter structure; what is missing is zero.
    request.results = 'bytes';
    request.expected = fuse_init_out.size;
    request.withoutCredentials = true;
    this.device.queueBackground(request);
  }

  /** process_init_reply (fs/fuse/inode.c). */
  #processInitReply(request: FuseRequest): void {
    const results = new Message(fuse_init_out.size);
    results.bytes.set(request.data);
    const reply = fuse_init_out.read(results, 0);
    if (request.error !== 0 || reply.major !== 7) {
      this.device.connectionError = -errnoNumbers.ECONNREFUSED;
      return;
    }
    this.#apply(reply);
  }

  #apply(reply: StructValue<typeof fuse_init_out>): void {
    const has = (flag: number) => (reply.flags & flag) !== 0;
    const { maxRead, maxWrite = Number.POSITIVE_INFINITY } = this.options;
    this.minor = Math.min(45, reply.minor);
    if (has(initFlags.MAX_PAGES)) this.maxPages = Math.max(1, Math.min(MAX_PAGES, reply.max_pages));
    if (this.maxPages > 1 && has(initFlags.MAX_PAGES)) this.nameMax = FUSE_NAME_MAX;
    this.maxWrite = has(initFlags.BIG_WRITES) ? Math.max(PAGE_SIZE, Math.min(maxWrite, reply.max_write)) : PAGE_SIZE;
    this.maxRead = Math.min(Math.max(PAGE_SIZE, maxRead ?? Number.POSITIVE_INFINITY), this.maxPages * PAGE_SIZE);
    this.posixLocks = has(initFlags.POSIX_LOCKS);
    this.flockLocks = has(initFlags.FLOCK_LOCKS);
    this.atomicOTrunc = has(initFlags.ATOMIC_O_TRUNC);
    this.dontMask = has(initFlags.DONT_MASK);
    this.parallelDirops = has(initFlags.PARALLEL_DIROPS);
    this.handleKillpriv = has(initFlags.HANDLE_KILLPRIV);
    this.handleKillprivV2 = has(initFlags.HANDLE_KILLPRIV_V2);
    this.readdirplus = has(initFlags.DO_READDIRPLUS);
    this.readdirplusAuto = has(initFlags.READDIRPLUS_AUTO);
    this.cacheSymlinks = has(initFlags.CACHE_SYMLINKS);
    this.setxattrExt = has(initFlags.SETXATTR_EXT);
    this.autoInvalData = has(initFlags.AUTO_INVAL_DATA);
    this.abortError = has(initFlags.ABORT_ERROR);
    this.asyncRead = has(initFlags.ASYNC_READ);
    this.asyncDio = has(initFlags.ASYNC_DIO);
    this.bigWrites = has(initFlags.BIG_WRITES);
    this.writebackCache = has(initFlags.WRITEBACK_CACHE);
    this.explicitInvalData = !this.autoInvalData && has(initFlags.EXPLICIT_INVAL_DATA);
    this.exportSupport = has(initFlags.EXPORT_SUPPORT);
    this.directIoAllowMmap = (reply.flags2 & initFlags2.DIRECT_IO_ALLOW_MMAP) !== 0;
    this.readaheadPages = Math.min(VM_READAHEAD_PAGES, Math.floor(reply.max_readahead / PAGE_SIZE));
    if (reply.max_background > 0) this.maxBackground = reply.max_background;
    if (reply.congestion_threshold > 0) this.congestionThreshold = reply.congestion_threshold;
  }

  /** A message from the daemon: replies end requests, notifications act on the caches. Returns 0 or an errno number. */
  receive(message: Message, length: number): number {
    return this.device.write(message, length);
  }
}
