import type { FileSystemOptions } from '../../env/index.ts';
import { countOption, refuseUnknownOptions, switchOption } from '../options.ts';

export interface RamOptions {
  /** Bytes of space for file data. Default 1 GiB. */
  readonly size: number;
  /** Inodes, the root included. Default 1,048,576. */
  readonly inodes: number;
  /** Largest size of a file, bytes (EFBIG). Default 2^53 - 1. */
  readonly maxFileSize: number;
  /** Most links of an inode (EMLINK). Default 2^32 - 1: all that the wire carries. */
  readonly maxLinks: number;
  /** Whether node ids of freed inodes come back, with another generation. Default true. */
  readonly reuseNodes: boolean;
  /** Whether the filesystem keeps the POSIX and flock locks itself. Default false: the kernel does. */
  readonly locks: boolean;
  /** Mode bits of the root directory. Default 0755. */
  readonly mode: number;
}

const defaults: RamOptions = {
  size: 2 ** 30,
  inodes: 2 ** 20,
  maxFileSize: Number.MAX_SAFE_INTEGER,
  maxLinks: 0xffffffff,
  reuseNodes: true,
  locks: false,
  mode: 0o755,
};

export function ramOptions(options: FileSystemOptions): RamOptions {
  refuseUnknownOptions('ram', options, Object.keys(defaults));
  return {
    size: countOption(options, 'size', defaults.size),
    inodes: countOption(options, 'inodes', defaults.inodes),
    maxFileSize: countOption(options, 'maxFileSize', defaults.maxFileSize),
    maxLinks: countOption(options, 'maxLinks', defaults.maxLinks),
    reuseNodes: switchOption(options, 'reuseNodes', defaults.reuseNodes),
    locks: switchOption(options, 'locks', defaults.locks),
    mode: countOption(options, 'mode', defaults.mode),
  };
}
