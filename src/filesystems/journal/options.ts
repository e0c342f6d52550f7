import type { FileSystemOptions } from '../../env/index.ts';
import { countOption, refuseUnknownOptions, textOption } from '../options.ts';

export interface JournalOptions {
  /** Name of the disk in its environment; on a host an absolute path is that file. Default 'journal'. */
  readonly disk: string;
  /** Bytes of the disk where there is none yet. Default 256 MiB. */
  readonly size: number;
  /** Inodes of a new filesystem, the root included. Default: one for each 16 KiB of the disk. */
  readonly inodes: number | undefined;
  /** Bytes of a new filesystem's journal. Default: a sixteenth of the disk, from 256 KiB to 4 MiB. */
  readonly journalSize: number | undefined;
  /** Mode bits of a new root directory. Default 0755. */
  readonly mode: number;
  /** Most links of an inode (EMLINK), as ext4 has them. Default 65,000. */
  readonly maxLinks: number;
  /** Seconds after which a request commits a transaction that nobody synchronised. Default 5, as ext4's `commit=`. */
  readonly commit: number;
}

const known = ['disk', 'size', 'inodes', 'journalSize', 'mode', 'maxLinks', 'commit'];

export function journalOptions(options: FileSystemOptions): JournalOptions {
  refuseUnknownOptions('journal', options, known);
  const countIfGiven = (name: string) => (options[name] === undefined ? undefined : countOption(options, name, 0));
  return {
    disk: textOption(options, 'disk', 'journal'),
    size: countOption(options, 'size', 256 * 2 ** 20),
    inodes: countIfGiven('inodes'),
    journalSize: countIfGiven('journalSize'),
    mode: countOption(options, 'mode', 0o755),
    maxLinks: countOption(options, 'maxLinks', 65_000),
    commit: countOption(options, 'commit', 5),
  };
}
