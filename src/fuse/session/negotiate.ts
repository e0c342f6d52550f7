import type { FileSystem, Negotiated, Wishes } from '../../vfs/index.ts';
import {
  FUSE_KERNEL_MINOR_VERSION,
  FUSE_KERNEL_VERSION,
  initFlags as flag,
  initFlags2 as flag2,
  type fuse_init_in,
  fuse_init_out,
  type StructValue,
} from '../protocol/index.ts';
import type { SessionOptions } from './options.ts';

type InitIn = StructValue<typeof fuse_init_in>;
type InitOut = StructValue<typeof fuse_init_out>;

/** Below it GETATTR, READ, WRITE and the attributes have other layouts (Linux 2.6.24 speaks 7.9). */
export const LOWEST_MINOR = 9;

const FUSE_COMPAT_22_INIT_OUT_SIZE = 24;
const PAGE_SIZE = 4096;
const MAX_WRITE = 1 << 20;
/** Without MAX_PAGES a request has at most 32 pages (FUSE_DEFAULT_MAX_PAGES_PER_REQ, fs/fuse/fuse_i.h). */
const DEFAULT_PAGES = 32;
/** The kernel's own defaults (fs/fuse/inode.c). */
const MAX_BACKGROUND = 12;
const congestion = (background: number): number => Math.floor((background * 3) / 4);

export interface InitAnswer {
  readonly reply: InitOut;
  /** Bytes of the reply's structure that the kernel's version has. */
  readonly replySize: number;
}

export interface Agreement extends InitAnswer {
  readonly negotiated: Negotiated;
}

/** Answers an INIT of the same major version. What is asked for is what the filesystem wishes, has methods for, and the kernel offers. */
export function negotiate(filesystem: FileSystem, init: InitIn, options: SessionOptions): Agreement {
  const minor = Math.min(init.minor, FUSE_KERNEL_MINOR_VERSION);
  const extended = (init.flags & flag.INIT_EXT) !== 0;
  const wishes = wishesOf(filesystem.wishes ?? {}, options);
  const flags = (wantedFlags(filesystem, wishes) & init.flags) >>> 0;
  const flags2 = extended ? (wantedFlags2(wishes) & init.flags2) >>> 0 : 0;
  const maxWrite = largestWrite(flags, options.maxWrite ?? MAX_WRITE);
  const maxReadahead = Math.min(init.max_readahead, options.maxReadahead ?? init.max_readahead);
  const maxBackground = options.maxBackground ?? MAX_BACKGROUND;
  const timeGranularity = 1;
  const reply: InitOut = {
    major: FUSE_KERNEL_VERSION,
    minor: FUSE_KERNEL_MINOR_VERSION,
    max_readahead: maxReadahead,
    flags,
    max_background: maxBackground,
    congestion_threshold: congestion(maxBackground),
    max_write: maxWrite,
    time_gran: timeGranularity,
    max_pages: (flags & flag.MAX_PAGES) === 0 ? 0 : Math.ceil(maxWrite / PAGE_SIZE),
    map_alignment: 0,
    flags2,
    max_stack_depth: 0,
    request_timeout: 0,
  };
  const negotiated: Negotiated = {
    major: FUSE_KERNEL_VERSION,
    minor,
    maxWrite,
    maxReadahead,
    maxBackground,
    congestionThreshold: congestion(maxBackground),
    writebackCache: (flags & flag.WRITEBACK_CACHE) !== 0,
    timeGranularity,
    flags,
    flags2,
  };
  return { reply, replySize: minor < 23 ? FUSE_COMPAT_22_INIT_OUT_SIZE : fuse_init_out.size, negotiated };
}

/** The reply to a kernel with a higher major version: it tries again with ours. */
export const otherMajor: InitOut = {
  major: FUSE_KERNEL_VERSION,
  minor: FUSE_KERNEL_MINOR_VERSION,
  max_readahead: 0,
  flags: 0,
  max_background: 0,
  congestion_threshold: 0,
  max_write: 0,
  time_gran: 0,
  max_pages: 0,
  map_alignment: 0,
  flags2: 0,
  max_stack_depth: 0,
  request_timeout: 0,
};

function largestWrite(flags: number, asked: number): number {
  if ((flags & flag.BIG_WRITES) === 0) return PAGE_SIZE;
  const most = (flags & flag.MAX_PAGES) === 0 ? DEFAULT_PAGES * PAGE_SIZE : MAX_WRITE;
  return Math.max(PAGE_SIZE, Math.min(asked, most));
}

/** Options that were left out do not hide the filesystem's wishes. Written out: a session is made for each checked program. */
const wishesOf = (wished: Wishes, options: SessionOptions): { [Key in keyof Required<Wishes>]: Wishes[Key] } => ({
  posixLocks: options.posixLocks ?? wished.posixLocks,
  flockLocks: options.flockLocks ?? wished.flockLocks,
  atomicOTrunc: options.atomicOTrunc ?? wished.atomicOTrunc,
  exportSupport: options.exportSupport ?? wished.exportSupport,
  dontMask: options.dontMask ?? wished.dontMask,
  autoInvalData: options.autoInvalData ?? wished.autoInvalData,
  explicitInvalData: options.explicitInvalData ?? wished.explicitInvalData,
  writebackCache: options.writebackCache ?? wished.writebackCache,
  parallelDirops: options.parallelDirops ?? wished.parallelDirops,
  handleKillpriv: options.handleKillpriv ?? wished.handleKillpriv,
  handleKillprivV2: options.handleKillprivV2 ?? wished.handleKillprivV2,
  posixAcl: options.posixAcl ?? wished.posixAcl,
  cacheSymlinks: options.cacheSymlinks ?? wished.cacheSymlinks,
  readdirplus: options.readdirplus ?? wished.readdirplus,
  createSuppGroup: options.createSuppGroup ?? wished.createSuppGroup,
  directIoAllowMmap: options.directIoAllowMmap ?? wished.directIoAllowMmap,
});

function wantedFlags(filesystem: FileSystem, wishes: Wishes): number {
  let flags = flag.ASYNC_READ | flag.BIG_WRITES | flag.ASYNC_DIO | flag.MAX_PAGES | flag.INIT_EXT;
  const when = (wanted: boolean | undefined, bits: number): void => {
    if (wanted) flags |= bits;
  };
  when(wishes.posixLocks && filesystem.setlk !== undefined, flag.POSIX_LOCKS);
  when(wishes.flockLocks && filesystem.flock !== undefined, flag.FLOCK_LOCKS);
  when(wishes.atomicOTrunc, flag.ATOMIC_O_TRUNC);
  when(wishes.exportSupport, flag.EXPORT_SUPPORT);
  when(wishes.dontMask, flag.DONT_MASK);
  when(wishes.autoInvalData, flag.AUTO_INVAL_DATA);
  when(wishes.explicitInvalData, flag.EXPLICIT_INVAL_DATA);
  when(wishes.writebackCache, flag.WRITEBACK_CACHE);
  // A filesystem that answers at once sees one request at a time anyway; another must say that it can take several.
  when(wishes.parallelDirops ?? filesystem.mode === 'sync', flag.PARALLEL_DIROPS);
  when(wishes.handleKillpriv, flag.HANDLE_KILLPRIV);
  when(wishes.handleKillprivV2, flag.HANDLE_KILLPRIV_V2);
  when(wishes.posixAcl, flag.POSIX_ACL);
  when(wishes.cacheSymlinks, flag.CACHE_SYMLINKS);
  when(filesystem.ioctl !== undefined, flag.HAS_IOCTL_DIR);
  const readdirplus = filesystem.readdirplus !== undefined && (wishes.readdirplus ?? 'auto');
  when(readdirplus !== false, flag.DO_READDIRPLUS);
  when(readdirplus === 'auto', flag.READDIRPLUS_AUTO);
  return flags;
}

function wantedFlags2(wishes: Wishes): number {
  let flags = flag2.HAS_EXPIRE_ONLY;
  if (wishes.createSuppGroup) flags |= flag2.CREATE_SUPP_GROUP;
  if (wishes.directIoAllowMmap) flags |= flag2.DIRECT_IO_ALLOW_MMAP;
  return flags;
}
