import type { Struct } from './struct.ts';
import * as s from './structs.ts';

/**
 * What a request carries behind its header, in this order: a fixed structure, NUL-terminated strings, then either bytes or
 * an array of structures.
 */
export interface RequestLayout {
  readonly body?: Struct<object>;
  /** Sizes that the body had below a minor version, newest first: `[12, 8]` is 8 bytes below 7.12. */
  readonly older?: readonly (readonly [minor: number, size: number])[];
  readonly strings?: readonly string[];
  /** The field of the body that tells how many bytes follow. */
  readonly data?: string;
  /** Structures that follow; the body's `count` tells how many. */
  readonly items?: Struct<object>;
}

/**
 * What a successful reply carries behind its header. `none`: the request is never answered. `text`: bytes that are a name.
 * `xattr`: bytes, or fuse_getxattr_out where the request's size was 0.
 */
export interface ReplyLayout {
  readonly none?: true;
  readonly body?: Struct<object>;
  /** The least size that is taken for the body; what is missing reads as zeros. */
  readonly least?: number;
  readonly data?: 'bytes' | 'text' | 'xattr';
  readonly entries?: 'dirent' | 'direntplus';
}

export interface OpcodeRow {
  readonly code: number;
  readonly request: RequestLayout;
  readonly reply: ReplyLayout;
}

const table = <const Rows extends Record<string, OpcodeRow>>(rows: Rows): Rows => rows;

const name = { strings: ['name'] } as const;
const names = { strings: ['name', 'newName'] } as const;
const empty = {} as const;
const entry = { body: s.fuse_entry_out } as const;
const attr = { body: s.fuse_attr_out } as const;
const opened = { body: s.fuse_open_out } as const;
const created = { body: s.fuse_create_out } as const;
const bytes = { data: 'bytes' } as const;
const xattr = { data: 'xattr' } as const;
const none = { none: true } as const;
const read = { body: s.fuse_read_in, older: [[9, 24]] } as const;
const release = { body: s.fuse_release_in, older: [[8, 16]] } as const;
const fsync = { body: s.fuse_fsync_in } as const;
const lock = { body: s.fuse_lk_in, older: [[9, 40]] } as const;
const copy = { body: s.fuse_copy_file_range_in } as const;

/** The one table of opcodes: codec, session, recorder and viewer all work from it. */
export const opcodes = table({
  LOOKUP: { code: 1, request: name, reply: entry },
  FORGET: { code: 2, request: { body: s.fuse_forget_in }, reply: none },
  GETATTR: { code: 3, request: { body: s.fuse_getattr_in, older: [[9, 0]] }, reply: attr },
  SETATTR: { code: 4, request: { body: s.fuse_setattr_in }, reply: attr },
  READLINK: { code: 5, request: empty, reply: { data: 'text' } },
  SYMLINK: { code: 6, request: { strings: ['name', 'target'] }, reply: entry },
  MKNOD: { code: 8, request: { body: s.fuse_mknod_in, older: [[12, 8]], ...name }, reply: entry },
  MKDIR: { code: 9, request: { body: s.fuse_mkdir_in, ...name }, reply: entry },
  UNLINK: { code: 10, request: name, reply: empty },
  RMDIR: { code: 11, request: name, reply: empty },
  RENAME: { code: 12, request: { body: s.fuse_rename_in, ...names }, reply: empty },
  LINK: { code: 13, request: { body: s.fuse_link_in, ...name }, reply: entry },
  OPEN: { code: 14, request: { body: s.fuse_open_in }, reply: opened },
  READ: { code: 15, request: read, reply: bytes },
  WRITE: {
    code: 16,
    request: { body: s.fuse_write_in, older: [[9, 24]], data: 'size' },
    reply: { body: s.fuse_write_out },
  },
  STATFS: { code: 17, request: empty, reply: { body: s.fuse_statfs_out } },
  RELEASE: { code: 18, request: release, reply: empty },
  FSYNC: { code: 20, request: fsync, reply: empty },
  // Without SETXATTR_EXT the body is 8 bytes: see `Dialect`.
  SETXATTR: { code: 21, request: { body: s.fuse_setxattr_in, ...name, data: 'size' }, reply: empty },
  GETXATTR: { code: 22, request: { body: s.fuse_getxattr_in, ...name }, reply: xattr },
  LISTXATTR: { code: 23, request: { body: s.fuse_getxattr_in }, reply: xattr },
  REMOVEXATTR: { code: 24, request: name, reply: empty },
  FLUSH: { code: 25, request: { body: s.fuse_flush_in }, reply: empty },
  INIT: {
    code: 26,
    request: {
      body: s.fuse_init_in,
      older: [
        [36, 16],
        [6, 8],
      ],
    },
    reply: { body: s.fuse_init_out, least: 8 },
  },
  OPENDIR: { code: 27, request: { body: s.fuse_open_in }, reply: opened },
  READDIR: { code: 28, request: read, reply: { entries: 'dirent' } },
  RELEASEDIR: { code: 29, request: release, reply: empty },
  FSYNCDIR: { code: 30, request: fsync, reply: empty },
  GETLK: { code: 31, request: lock, reply: { body: s.fuse_lk_out } },
  SETLK: { code: 32, request: lock, reply: empty },
  SETLKW: { code: 33, request: lock, reply: empty },
  ACCESS: { code: 34, request: { body: s.fuse_access_in }, reply: empty },
  CREATE: { code: 35, request: { body: s.fuse_create_in, older: [[12, 8]], ...name }, reply: created },
  INTERRUPT: { code: 36, request: { body: s.fuse_interrupt_in }, reply: empty },
  BMAP: { code: 37, request: { body: s.fuse_bmap_in }, reply: { body: s.fuse_bmap_out } },
  DESTROY: { code: 38, request: empty, reply: empty },
  IOCTL: {
    code: 39,
    request: { body: s.fuse_ioctl_in, data: 'in_size' },
    reply: { body: s.fuse_ioctl_out, data: 'bytes' },
  },
  POLL: { code: 40, request: { body: s.fuse_poll_in }, reply: { body: s.fuse_poll_out } },
  NOTIFY_REPLY: { code: 41, request: { body: s.fuse_notify_retrieve_in, data: 'size' }, reply: none },
  BATCH_FORGET: { code: 42, request: { body: s.fuse_batch_forget_in, items: s.fuse_forget_one }, reply: none },
  FALLOCATE: { code: 43, request: { body: s.fuse_fallocate_in }, reply: empty },
  READDIRPLUS: { code: 44, request: read, reply: { entries: 'direntplus' } },
  RENAME2: { code: 45, request: { body: s.fuse_rename2_in, ...names }, reply: empty },
  LSEEK: { code: 46, request: { body: s.fuse_lseek_in }, reply: { body: s.fuse_lseek_out } },
  COPY_FILE_RANGE: { code: 47, request: copy, reply: { body: s.fuse_write_out } },
  SETUPMAPPING: { code: 48, request: { body: s.fuse_setupmapping_in }, reply: empty },
  REMOVEMAPPING: {
    code: 49,
    request: { body: s.fuse_removemapping_in, items: s.fuse_removemapping_one },
    reply: empty,
  },
  SYNCFS: { code: 50, request: { body: s.fuse_syncfs_in }, reply: empty },
  TMPFILE: { code: 51, request: { body: s.fuse_create_in, ...name }, reply: created },
  STATX: { code: 52, request: { body: s.fuse_statx_in }, reply: { body: s.fuse_statx_out } },
  COPY_FILE_RANGE_64: { code: 53, request: copy, reply: { body: s.fuse_copy_file_range_out } },
  CUSE_INIT: { code: 4096, request: { body: s.cuse_init_in }, reply: { body: s.cuse_init_out, data: 'bytes' } },
});

export type OpcodeName = keyof typeof opcodes;

export const opcodeNames = Object.keys(opcodes) as readonly OpcodeName[];

/** The number of each opcode: `opcode.GETATTR` is 3. */
export const opcode = Object.fromEntries(opcodeNames.map((key) => [key, opcodes[key].code])) as {
  readonly [Name in OpcodeName]: (typeof opcodes)[Name]['code'];
};

const byCode = new Map<number, OpcodeName>(opcodeNames.map((key) => [opcodes[key].code, key]));

/** The name of an opcode number, undefined where the protocol has none. */
export function opcodeName(code: number): OpcodeName | undefined {
  return byCode.get(code);
}

/** The row of a name, with the general type. */
export function opcodeRow(key: OpcodeName): OpcodeRow {
  return opcodes[key];
}
