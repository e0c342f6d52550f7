import type { Context, Dirent, NodeId, Timespec, U64 } from '../../../vfs/index.ts';
import { nameToBytes } from '../../../vfs/index.ts';
import type { ServerHabits } from '../options.ts';
import type { Step } from '../step.ts';
import { readDirectory } from './listing.ts';
import type { ServedVolume } from './volume.ts';

/** Entries behind a cookie, each with the cookie behind itself as its offset; and whether the last of them is the last. */
export interface Page {
  readonly entries: readonly Dirent[];
  readonly complete: boolean;
}

/**
 * A page of a directory by the server's habit. Where a filesystem can be exported, its own offsets last as long as the entry;
 * elsewhere they count for one open directory only, and a hash of the name takes their place.
 */
export function* pageOf(
  habit: ServerHabits['cookies'],
  volume: ServedVolume,
  node: NodeId,
  cookie: U64,
  most: number,
  context: Context,
): Step<Page> {
  if (habit === 'stable' && volume.nodes.exportable) {
    const entries = yield* readDirectory(volume, node, cookie, most + 1, context);
    return { entries: entries.slice(0, most), complete: entries.length <= most };
  }
  const listed = yield* readDirectory(volume, node, 0, Number.POSITIVE_INFINITY, context);
  const all = numbered(habit, listed);
  const rest = all.slice(startOf(habit, all, cookie));
  return { entries: rest.slice(0, most), complete: rest.length <= most };
}

function numbered(habit: ServerHabits['cookies'], listed: readonly Dirent[]): readonly Dirent[] {
  switch (habit) {
    case 'renumbered':
      return listed.map((entry, i) => ({ ...entry, offset: i + 1 }));
    case 'fileid':
      return listed.map((entry) => ({ ...entry, offset: entry.ino }));
    case 'stable': {
      const hashed = listed.map((entry) => ({ ...entry, offset: hashOf(entry.name) }));
      hashed.sort((a, b) => a.offset - b.offset || (a.name < b.name ? -1 : 1));
      for (let i = 1; i < hashed.length; i++)
        if (hashed[i].offset <= hashed[i - 1].offset) hashed[i].offset = hashed[i - 1].offset + 1;
      return hashed;
    }
  }
}

function startOf(habit: ServerHabits['cookies'], all: readonly Dirent[], cookie: U64): number {
  if (cookie === 0) return 0;
  if (habit === 'fileid') return all.findIndex(({ offset }) => offset === cookie) + 1;
  const at = all.findIndex(({ offset }) => offset > cookie);
  return at < 0 ? all.length : at;
}

/** 51 bits of FNV-1a, 3 at least; `.` and `..` come first. */
function hashOf(name: string): number {
  if (name === '.') return 1;
  if (name === '..') return 2;
  let high = 0x811c9dc5;
  let low = 0xcbf29ce4;
  for (const byte of nameToBytes(name)) {
    high = Math.imul(high ^ byte, 0x01000193);
    low = Math.imul(low ^ byte, 0x01000197);
  }
  return (high >>> 13) * 2 ** 32 + (low >>> 0) + 3;
}

/** The verifier of cookies that are void when the directory changes. */
export const mtimeVerifier = ({ sec, nsec }: Timespec): U64 => (Math.abs(sec) & 0x1fffff) * 2 ** 32 + nsec;
