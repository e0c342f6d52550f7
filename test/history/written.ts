import { parseScript } from '../../src/check/index.ts';
import type { History, Operation } from '../../src/history/index.ts';
import {
  type DirectoryEntry,
  type ErrnoName,
  errnoNumbers,
  S_IFDIR,
  S_IFREG,
  type Stat,
  type SysResult,
} from '../../src/vfs/index.ts';

const noTime = { sec: 0, nsec: 0 };
const blank = { nlink: 1, uid: 0, gid: 0, rdev: 0, blocks: 0, blksize: 4096, dev: 1 };

/** What stat shows of a file or directory, as far as it is judged. */
export const statOf = (ino: number, size: number | 'dir'): Stat => ({
  ...blank,
  ino,
  mode: (size === 'dir' ? S_IFDIR : S_IFREG) | 0o755,
  size: size === 'dir' ? 0 : size,
  atime: noTime,
  mtime: noTime,
  ctime: noTime,
});

export const entriesOf = (names: readonly string[]): readonly DirectoryEntry[] =>
  names.map((name, i) => ({ name, ino: i + 1, type: 8, offset: i + 1 }));

/** `3`, `ENOENT`, `"data"`, `file 5 size 3`, `dir 2`, `[a b]`. */
function resultOf(text: string): SysResult {
  if (/^\d+$/.test(text)) return Number(text);
  if (text.startsWith('"')) return new Uint8Array(Buffer.from(JSON.parse(text), 'latin1'));
  const file = /^file (\d+) size (\d+)$/.exec(text);
  if (file !== null) return statOf(Number(file[1]), Number(file[2]));
  const directory = /^dir (\d+)$/.exec(text);
  if (directory !== null) return statOf(Number(directory[1]), 'dir');
  const listing = /^\[(.*)\]$/.exec(text);
  if (listing !== null) return entriesOf(listing[1].split(' ').filter((name) => name !== ''));
  return -errnoNumbers[text as ErrnoName];
}

const line = /^([\d.]+)-([\d.]+)? +p(\d+)(?:@(\d+))? +(.*\)) *(?:= (.*?))?(?: node ([\d.]+))?$/;

/**
 * A history by hand, a line an operation: from when to when in seconds, who (on which kernel), the call, the result, and of an
 * open the node. `1-2 p1@0 open("/a", O_RDWR|O_CREAT, 0644) = 3 node 5.0`. Without an end it never returned.
 */
export function written(text: string, quietAt?: number): History {
  const read = text
    .split('\n')
    .map((raw) => raw.trim())
    .filter((raw) => raw !== '')
    .map((raw) => {
      const match = line.exec(raw);
      if (match === null) throw new Error(`history by hand: cannot read ${raw}`);
      const [, from, to, pid, client, call, result, node] = match;
      return { from: Number(from), to: to === undefined ? undefined : Number(to), pid, client, call, result, node };
    });
  const times = read.flatMap(({ from, to }) => (to === undefined ? [from] : [from, to])).sort((a, b) => a - b);
  const moment = (seconds: number) => ({ event: times.indexOf(seconds), time: seconds * 1e9 });
  const operations = read.map(
    ({ from, to, pid, client, call, result, node }): Operation => ({
      pid: Number(pid),
      client: Number(client ?? 0),
      call: parseScript(`p${pid} ${call}`).steps[0].call,
      invoked: moment(from),
      ...(to !== undefined && { returned: moment(to) }),
      ...(result !== undefined && { result: resultOf(result) }),
      ...(node !== undefined && { node }),
    }),
  );
  const quiet = quietAt === undefined ? undefined : times.filter((time) => time < quietAt).length - 0.5;
  return { operations: operations.sort((a, b) => a.invoked.event - b.invoked.event), quiet };
}
