import type { CachePolicy } from '../fuse/session/index.ts';
import { didYouMean } from '../vfs/index.ts';
import { MountError } from './error.ts';

/**
 * How a filesystem is mounted. Times are seconds, sizes bytes; what is left out takes the default named here, or what the
 * filesystem wishes.
 */
export interface MountOptions extends CachePolicy {
  /** Users other than the one who mounts may use it; default false. */
  readonly allowOther?: boolean;
  /** The kernel checks permissions by mode, owner and supplementary groups; default true. */
  readonly defaultPermissions?: boolean;
  readonly readOnly?: boolean;
  /** How long the kernel may keep a name; 0 to 2^32 - 1, default 1. */
  readonly entryTimeout?: number;
  /** How long the kernel may keep attributes; 0 to 2^32 - 1, default 1. */
  readonly attributeTimeout?: number;
  /** Largest READ; 4096 to 1048576, default the kernel's. */
  readonly maxRead?: number;
  /** The source in the mount table; default the filesystem's name. */
  readonly fsname?: string;
  /** The type in the mount table is `fuse.` and this; default estale. */
  readonly subtype?: string;
}

type Value =
  | { readonly kind: 'switch'; readonly value: boolean }
  | { readonly kind: 'seconds' }
  | { readonly kind: 'bytes' }
  | { readonly kind: 'count' }
  | { readonly kind: 'requests' }
  | { readonly kind: 'word'; readonly words: Readonly<Record<string, boolean | 'auto'>> }
  | { readonly kind: 'text'; readonly pattern: RegExp; readonly expected: string };

type Spec = Value & { readonly key: keyof MountOptions };

const on = (key: keyof MountOptions): Spec => ({ kind: 'switch', value: true, key });
const off = (key: keyof MountOptions): Spec => ({ kind: 'switch', value: false, key });

/** The options as `-o` spells them. */
const specs: Readonly<Record<string, Spec>> = {
  allow_other: on('allowOther'),
  default_permissions: on('defaultPermissions'),
  no_default_permissions: off('defaultPermissions'),
  ro: on('readOnly'),
  rw: off('readOnly'),
  direct_io: on('directIo'),
  kernel_cache: on('keepCache'),
  cache_readdir: on('cacheDirectories'),
  writeback_cache: on('writebackCache'),
  no_writeback_cache: off('writebackCache'),
  auto_inval_data: on('autoInvalData'),
  no_auto_inval_data: off('autoInvalData'),
  explicit_inval_data: on('explicitInvalData'),
  atomic_o_trunc: on('atomicOTrunc'),
  no_atomic_o_trunc: off('atomicOTrunc'),
  cache_symlinks: on('cacheSymlinks'),
  no_cache_symlinks: off('cacheSymlinks'),
  handle_killpriv: on('handleKillpriv'),
  no_handle_killpriv: off('handleKillpriv'),
  handle_killpriv_v2: on('handleKillprivV2'),
  no_handle_killpriv_v2: off('handleKillprivV2'),
  export_support: on('exportSupport'),
  no_export_support: off('exportSupport'),
  parallel_dirops: on('parallelDirops'),
  no_parallel_dirops: off('parallelDirops'),
  readdirplus: { kind: 'word', words: { auto: 'auto', yes: true, no: false }, key: 'readdirplus' },
  entry_timeout: { kind: 'seconds', key: 'entryTimeout' },
  attr_timeout: { kind: 'seconds', key: 'attributeTimeout' },
  negative_timeout: { kind: 'seconds', key: 'negativeTimeout' },
  max_read: { kind: 'bytes', key: 'maxRead' },
  max_write: { kind: 'bytes', key: 'maxWrite' },
  max_readahead: { kind: 'count', key: 'maxReadahead' },
  max_background: { kind: 'requests', key: 'maxBackground' },
  fsname: { kind: 'text', pattern: /^[^\0\n]+$/, expected: 'a name', key: 'fsname' },
  subtype: { kind: 'text', pattern: /^[\w.+-]+$/, expected: 'letters, digits, and . _ + -', key: 'subtype' },
};

const ranges = {
  seconds: { what: 'seconds', pattern: /^\d+(\.\d+)?$/, least: 0, most: 2 ** 32 - 1 },
  bytes: { what: 'a whole number of bytes', pattern: /^\d+$/, least: 4096, most: 1024 * 1024 },
  count: { what: 'a whole number', pattern: /^\d+$/, least: 0, most: 2 ** 32 - 1 },
  requests: { what: 'a whole number', pattern: /^\d+$/, least: 1, most: 65535 },
} as const;

/**
 * Reads mount options as `-o` takes them: `allow_other,entry_timeout=1.5`. The last of several settings of one option wins.
 *
 * @throws MountError `bad-option`, naming the option, the expected and the given
 */
export function parseMountOptions(text: string): MountOptions {
  const options: Record<string, unknown> = {};
  for (const part of text.split(',')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = equals < 0 ? part : part.slice(0, equals);
    const spec = Object.hasOwn(specs, name) ? specs[name] : undefined;
    if (spec === undefined) {
      const known = Object.keys(specs);
      throw new MountError(
        'bad-option',
        `unknown mount option "${name}"${didYouMean(name, known)}; there are: ${known.join(' ')}`,
      );
    }
    options[spec.key] = parseValue(name, spec, equals < 0 ? undefined : part.slice(equals + 1));
  }
  return options;
}

function parseValue(name: string, spec: Value, given: string | undefined): boolean | number | string {
  switch (spec.kind) {
    case 'switch':
      if (given !== undefined) throw wrong(name, 'no value', given);
      return spec.value;
    case 'seconds':
    case 'bytes':
    case 'count':
    case 'requests': {
      const isNumber = given !== undefined && ranges[spec.kind].pattern.test(given);
      return inRange(name, spec.kind, isNumber ? Number(given) : Number.NaN, given);
    }
    case 'word':
      if (given === undefined || !Object.hasOwn(spec.words, given))
        throw wrong(name, Object.keys(spec.words).join(' or '), given);
      return spec.words[given];
    case 'text':
      if (given === undefined || !spec.pattern.test(given)) throw wrong(name, spec.expected, given);
      return given;
  }
}

function inRange(name: string, kind: keyof typeof ranges, value: number, given: string | undefined): number {
  const { what, least, most } = ranges[kind];
  if (!(value >= least && value <= most)) throw wrong(name, `${what} from ${least} to ${most}`, given);
  return value;
}

function wrong(name: string, expected: string, given: string | undefined): MountError {
  const got = given === undefined ? 'no value' : `"${given}"`;
  return new MountError('bad-option', `mount option ${name}: expected ${expected}, given ${got}`);
}

/**
 * Makes sure of options that did not come through `parseMountOptions`.
 *
 * @throws MountError `bad-option`, naming the option, the expected and the given
 */
export function checkMountOptions(options: MountOptions): void {
  for (const [name, spec] of Object.entries(specs)) {
    const given: unknown = options[spec.key];
    if (given === undefined) continue;
    const text = String(given);
    if (spec.kind === 'text') parseValue(name, spec, text);
    else if (spec.kind === 'word') {
      if (!Object.values(spec.words).includes(given as boolean | 'auto'))
        throw wrong(name, Object.values(spec.words).join(' or '), text);
    } else if (spec.kind !== 'switch') {
      const usable = typeof given === 'number' && (spec.kind === 'seconds' || Number.isInteger(given));
      inRange(name, spec.kind, usable ? given : Number.NaN, text);
    } else if (typeof given !== 'boolean') throw wrong(name, 'true or false', text);
  }
}

/** The options that the kernel takes with the mount (fs/fuse/inode.c, fuse_fs_parameters), for the device as descriptor `fd`. */
export function kernelOptions(options: MountOptions, fd: number, uid: number, gid: number): string {
  const words = [`fd=${fd}`, 'rootmode=40000', `user_id=${uid}`, `group_id=${gid}`, 'nosuid', 'nodev'];
  if (options.defaultPermissions ?? true) words.push('default_permissions');
  if (options.allowOther) words.push('allow_other');
  if (options.readOnly) words.push('ro');
  if (options.maxRead !== undefined) words.push(`max_read=${options.maxRead}`);
  return words.join(',');
}
