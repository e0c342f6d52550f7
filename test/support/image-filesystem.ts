import type { Disk, FileSystemFactory } from '../../src/env/index.ts';
import { ram, VolatileMedium } from '../../src/filesystems/index.ts';
import { adopt, populate } from '../../src/filesystems/volatile/contents.ts';
import { type Content, StoredInode } from '../../src/filesystems/volatile/stored-inode.ts';
import { errno, type FileSystem } from '../../src/vfs/index.ts';

/** What a filesystem of images can do wrong. */
export type ImageBug =
  /** Nothing waits between the image and the sector that says that it is there. */
  | 'no barrier'
  /** The image is written over the one before. */
  | 'in place'
  /** fsync does not wait for the disk. */
  | 'no flush'
  /** fsync of a directory does nothing. */
  | 'directories forgotten'
  /** After a restart a file has one byte too many. */
  | 'off by one';

const SECTOR = 512;
/** Sectors of an image, and of each of the two headers. */
const SLOT = 8192;

interface Saved {
  readonly id: number;
  readonly content: Omit<Content, 'pages' | 'xattrs' | 'entries'>;
  readonly rdev: number;
  readonly target?: string;
  readonly pages: readonly (readonly [number, string])[];
  readonly entries: readonly (readonly [string, Saved])[];
}

function save(inode: StoredInode): Saved {
  const { pages, entries, xattrs: _, ...content } = inode.live;
  return {
    id: inode.id,
    content,
    rdev: inode.rdev,
    target: inode.target,
    pages: [...pages].map(([index, bytes]) => [index, Buffer.from(bytes).toString('base64')]),
    entries: [...entries].map(([name, child]) => [name, save(child)]),
  };
}

function load(saved: Saved, known: Map<number, StoredInode>): StoredInode {
  const made =
    known.get(saved.id) ?? new StoredInode(saved.id, { ...saved.content, rdev: saved.rdev, target: saved.target });
  if (known.has(saved.id)) return made;
  known.set(saved.id, made);
  Object.assign(made.live, saved.content);
  for (const [index, bytes] of saved.pages) made.live.pages.set(index, new Uint8Array(Buffer.from(bytes, 'base64')));
  for (const [name, child] of saved.entries) made.live.entries.set(name, load(child, known));
  return made;
}

/**
 * A filesystem in memory that writes an image of everything to its disk at each fsync: into the one of two places that is not
 * in use, then a sector that says so. It keeps both promises, or breaks one by a bug.
 */
export function imageFileSystem(bug?: ImageBug): FileSystemFactory {
  return (environment, options) => {
    const fs = ram(environment, options);
    const images = new Images(environment.disk('images', 4 * SLOT * SECTOR), bug);
    const stored = images.newest();
    if (stored !== undefined) populate(fs, load(stored, new Map()));
    const sync = (): undefined => {
      const medium = new VolatileMedium('posix');
      adopt(fs, medium);
      images.store(save(medium.root));
    };
    const overrides: Partial<FileSystem> = {
      fsync: sync,
      fsyncdir: bug === 'directories forgotten' ? () => undefined : sync,
    };
    return new Proxy(fs, {
      get(target, name) {
        const member: unknown = Reflect.get(overrides, name) ?? Reflect.get(target, name);
        return typeof member === 'function' ? member.bind(target) : member;
      },
    });
  };
}

class Images {
  readonly #disk: Disk;
  readonly #bug: ImageBug | undefined;
  #sequence = 0;

  constructor(disk: Disk, bug: ImageBug | undefined) {
    this.#disk = disk;
    this.#bug = bug;
  }

  store(saved: Saved): void {
    const text = Buffer.from(JSON.stringify(saved));
    const image = Buffer.alloc(Math.ceil(text.length / SECTOR) * SECTOR);
    text.copy(image);
    if (image.length > SLOT * SECTOR) throw errno.ENOSPC;
    this.#sequence += 1;
    const slot = this.#bug === 'in place' ? 0 : this.#sequence % 2;
    this.#disk.write(2 + slot * SLOT, image);
    if (this.#bug !== 'no barrier') this.#disk.flush();
    const header = Buffer.alloc(SECTOR);
    header.write(`${this.#sequence} ${slot} ${text.length}\n`);
    this.#disk.write(this.#sequence % 2, header);
    if (this.#bug !== 'no flush') this.#disk.flush();
  }

  newest(): Saved | undefined {
    const headers = [0, 1].map((sector) => {
      const bytes = Buffer.alloc(SECTOR);
      this.#disk.read(sector, bytes);
      return bytes.toString().split('\n')[0].split(' ').map(Number);
    });
    const [sequence, slot, length] = headers.sort(([a], [b]) => (b || 0) - (a || 0))[0];
    if (!(sequence > 0)) return undefined;
    this.#sequence = sequence;
    const image = Buffer.alloc(Math.ceil(length / SECTOR) * SECTOR);
    this.#disk.read(2 + slot * SLOT, image);
    const saved = JSON.parse(image.subarray(0, length).toString()) as Saved;
    if (this.#bug === 'off by one') grow(saved);
    return saved;
  }
}

function grow(saved: Saved): void {
  if (saved.entries.length === 0 && saved.content.size > 0) saved.content.size += 1;
  for (const [, child] of saved.entries) grow(child);
}
