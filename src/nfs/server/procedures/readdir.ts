import { type Dirent, nameLength, R_OK, type U64, X_OK } from '../../../vfs/index.ts';
import type { DirectoryEntry, DirectoryEntryPlus, nfs } from '../../protocol/index.ts';
import type { Handlers } from '../../rpc/index.ts';
import type { Core, Peer } from '../core.ts';
import { NfsFailure, statusOf } from '../failure.ts';
import { toldTime } from '../files/attributes.ts';
import { mtimeVerifier, pageOf } from '../files/cookies.ts';
import { type FileObject, require, requireDirectory, running, withDirAttributes } from '../files/locate.ts';
import { described, find, within } from '../files/names.ts';
import { done, type Step } from '../step.ts';
import { TRANSFER_MOST } from './data.ts';

// Sizes on the wire, bytes (RFC 1813, 3.3.16): what is not entries, an entry without its name, and what READDIRPLUS adds to it.
const AROUND = 4 + 88 + 8 + 4 + 4;
const ENTRY = 4 + 8 + 4 + 8;
const PLUS = 88 + 4 + 4 + 36;

interface Position {
  readonly cookie: U64;
  readonly cookieVerifier: U64;
}

/** READDIR and READDIRPLUS. */
export function readdirProcedures(core: Core): Pick<Handlers<typeof nfs, Peer>, 'READDIR' | 'READDIRPLUS'> {
  return {
    READDIR: running(core, (args, call) =>
      withDirAttributes(core, args.dir, call, (directory) =>
        page(core, directory, args, args.count, 0, ({ ino, name, offset }) =>
          done<DirectoryEntry>({ fileid: ino, name, cookie: offset }),
        ),
      ),
    ),

    READDIRPLUS: running(core, (args, call) =>
      withDirAttributes(core, args.dir, call, (directory) =>
        page(core, directory, args, args.maxcount, PLUS, (entry) => plus(core, directory, entry)),
      ),
    ),
  };
}

function* page<E>(
  core: Core,
  directory: FileObject,
  { cookie, cookieVerifier }: Position,
  count: number,
  more: number,
  make: (entry: Dirent) => Step<E>,
): Step<{ readonly cookieVerifier: U64; readonly entries: readonly E[]; readonly eof: boolean }> {
  requireDirectory(directory);
  require(directory, R_OK);
  const { volume, node, context, attributes } = directory;
  const verifier = core.habits.cookieVerifier === 'zero' ? 0 : mtimeVerifier(toldTime(attributes.mtime, volume.times));
  if (cookie !== 0 && verifier !== 0 && cookieVerifier !== verifier) throw new NfsFailure('BAD_COOKIE');
  let room = Math.min(count, TRANSFER_MOST) - AROUND;
  const most = Math.max(1, Math.floor(room / (ENTRY + 4 + more)));
  const { entries, complete } = yield* pageOf(core.habits.cookies, volume, node, cookie, most, context);
  const taken: E[] = [];
  for (const entry of entries) {
    room -= ENTRY + Math.ceil(nameLength(entry.name) / 4) * 4 + more;
    if (room < 0) break;
    taken.push(yield* make(entry));
  }
  if (taken.length === 0 && entries.length > 0) throw new NfsFailure('TOOSMALL');
  return { cookieVerifier: verifier, entries: taken, eof: complete && taken.length === entries.length };
}

/** An entry with attributes and handle, where there are any to give: not for what another volume is on, as in Linux. */
function* plus(core: Core, directory: FileObject, { ino, name, offset }: Dirent): Step<DirectoryEntryPlus> {
  const bare = { fileid: ino, name, cookie: offset };
  if (name === '..') return bare;
  try {
    require(directory, X_OK);
    const found = name === '.' ? directory : yield* below(directory, name);
    if (found === undefined) return bare;
    const { object: handle, attributes } = described(core, found, name === '.' ? 0 : directory.node);
    return { ...bare, handle, attributes };
  } catch (error) {
    if (statusOf(error) === undefined) throw error;
    return bare;
  }
}

function* below(directory: FileObject, name: string): Step<FileObject | undefined> {
  const entry = yield* find(directory, name);
  return entry === undefined || directory.volume.covered.has(entry.node) ? undefined : within(directory, entry);
}
