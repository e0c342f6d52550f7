import type { FaultPlan, FaultsAt, LieFault, OperationName, Rule } from '../../fault/index.ts';
import { type ErrnoName, errnoNumbers } from '../../vfs/index.ts';

/**
 * What a fault that was injected permits, beyond what the model allows without it:
 *
 * - `error`: a call may end with one of these errors. What the request stands for was not done (`effect: 'none'`), or it may
 *   have been done all the same, which nobody was told (`'either'`): then both states are followed.
 * - `short`: fewer bytes were read or written than asked for, and the result says so.
 * - `bytes`: those that the request is about may be anything from here on, until they are written again.
 * - `file`: the file's bytes, its size and its times are open from here on.
 * - `twice`: what the request stands for may have been done a second time.
 * - `ended`: the process is gone, in the middle of its call.
 * - `silence`: the call may never end; nothing after it is judged.
 * - `locks`: who holds locks is open, and who waits for one may wait for ever.
 * - `late`: the filesystem hears late that something is not used any more: a handle may still find what has no name.
 * - `times`: the clock is not to be trusted: no time is judged.
 * - `held`: references, handles or requests may be left when everything has ended.
 * - `anything`: results say nothing any more. That calls end, and that the kernel stands, is still judged.
 */
export type Permit =
  | { readonly kind: 'error'; readonly errors: readonly number[]; readonly effect: 'none' | 'either' }
  | { readonly kind: 'short' }
  | { readonly kind: 'bytes' }
  | { readonly kind: 'file' }
  | { readonly kind: 'twice' }
  | { readonly kind: 'ended' }
  | { readonly kind: 'silence' }
  | { readonly kind: 'locks' }
  | { readonly kind: 'late' }
  | { readonly kind: 'times' }
  | { readonly kind: 'held' }
  | { readonly kind: 'anything' };

const E = errnoNumbers;

const errors = (effect: 'none' | 'either', ...names: readonly ErrnoName[]): Permit => ({
  kind: 'error',
  effect,
  errors: names.map((name) => E[name]),
});
const short: Permit = { kind: 'short' };
const bytes: Permit = { kind: 'bytes' };
const file: Permit = { kind: 'file' };
const twice: Permit = { kind: 'twice' };
const ended: Permit = { kind: 'ended' };
const silence: Permit = { kind: 'silence' };
const locks: Permit = { kind: 'locks' };
const late: Permit = { kind: 'late' };
const times: Permit = { kind: 'times' };
const held: Permit = { kind: 'held' };
const anything: Permit = { kind: 'anything' };
const nothing: readonly Permit[] = [];

/** Of an unlock that is lost, or that nobody was told of, the lock stays: unlocking by close(2) is FLUSH or RELEASE. */
const unlocking: readonly OperationName[] = ['FLUSH', 'RELEASE', 'SETLK'];

/** What a filesystem goes on using until it hears of them. */
const takingBack: readonly OperationName[] = ['FORGET', 'RELEASE', 'RELEASEDIR'];

/** What is late, and nobody waits for. */
const delayed = (operation: OperationName): readonly Permit[] => (takingBack.includes(operation) ? [late] : nothing);

/** What a request leaves as it was that the filesystem never carried out, or that nobody was told of. */
const left = (operation: OperationName): readonly Permit[] =>
  unlocking.includes(operation) ? [locks, ...delayed(operation)] : delayed(operation);

/** What a second walk meets where the first one made or removed something, or exchanged a directory for something else. */
const walkedAgain: readonly ErrnoName[] = ['EEXIST', 'ENOENT', 'ENODATA', 'EACCES', 'ENOTDIR'];

/** The errnos of a rule, and what Linux makes of them. */
function refused(errno: ErrnoName | readonly ErrnoName[], effect: 'none' | 'either'): readonly Permit[] {
  const names = typeof errno === 'string' ? [errno] : errno;
  const made = new Set<ErrnoName>(names);
  // A path walk that finds ESTALE is made again (filename_lookup, fs/namei.c), and meets what the first one did.
  const again = made.has('ESTALE');
  if (again) for (const name of walkedAgain) made.add(name);
  // A name that is said not to be there is made, and there it is (lookup_open).
  if (made.has('ENOENT')) made.add('EEXIST');
  const error = errors(effect, ...made);
  // So is what comes behind the walk (retry_estale), whatever was done the first time.
  return again && effect === 'either' ? [error, twice] : [error];
}

/** Data that was spoilt on its way: of what is read, what a call gives; of what is written, what the filesystem keeps. */
function spoilt(operation: OperationName): readonly Permit[] {
  switch (operation) {
    case 'READ':
    case 'WRITE':
      return [bytes];
    // Of a symbolic link the walk goes somewhere else; an extended attribute is kept spoilt.
    default:
      return [anything];
  }
}

/** Fewer bytes: of a read the kernel takes the end for the file's; a write of none is EIO (fuse_perform_write). */
const shortened = (operation: OperationName): readonly Permit[] =>
  operation === 'WRITE' ? [short, errors('none', 'EIO')] : [short, file];

function ofLinkRequest(fault: FaultsAt['link-request'], operation: OperationName): readonly Permit[] {
  switch (fault.kind) {
    case 'errno':
      return [...refused(fault.errno, 'none'), ...left(operation)];
    case 'delay':
    case 'reorder':
      return delayed(operation);
    // Whatever comes behind it waits, too.
    case 'full-queue':
      return [late];
    case 'drop':
    case 'hang':
      return [silence, errors('none', 'EINTR'), held];
    // Later on it meets another state than the one it was meant for.
    case 'duplicate':
      return (fault.ms ?? 0) > 0 ? [anything, held] : [twice, held];
    case 'bit-flip':
    case 'range':
    case 'zero-sector':
      return spoilt(operation);
    case 'torn':
      return [file];
    case 'misdirect':
      return [file];
    case 'short':
      return shortened(operation);
    case 'stale':
      return ofStale(fault.how, operation);
    case 'interrupt':
      return [errors('either', 'EINTR'), short];
  }
}

function ofStale(how: 'forgotten' | 'handle' | 'generation' | 'reused', operation: OperationName): readonly Permit[] {
  switch (how) {
    case 'forgotten':
    case 'handle':
      return [...refused('ESTALE', 'none'), ...left(operation)];
    // What the kernel held becomes bad (fuse_make_bad), or another file answers in the place of the one that was meant.
    case 'generation':
    case 'reused':
      return [anything, held];
  }
}

function ofLinkReply(fault: FaultsAt['link-reply'], operation: OperationName): readonly Permit[] {
  switch (fault.kind) {
    case 'errno':
      return [...refused(fault.errno, 'either'), ...left(operation)];
    case 'delay':
    case 'reorder':
      return delayed(operation);
    // The second one has no request any more.
    case 'duplicate':
      return nothing;
    case 'drop':
      return [silence, errors('either', 'EINTR'), held];
    case 'bit-flip':
    case 'range':
    case 'zero-sector':
      return spoilt(operation);
    case 'short':
      return shortened(operation);
    case 'stale-read':
      return [short, file];
    case 'stale':
      return ofStale(fault.how, operation);
    case 'lie':
      return ofLie(fault);
    // Where the reply is held back as well, the daemon does not hear that it was refused.
    case 'wrong-length':
      return [errors('either', 'EIO'), ...left(operation), held];
  }
}

/** Sizes and times are the file's; who may do what to what, follows from the others. */
function ofLie({ size, mode, nlink, uid, gid, ino }: LieFault): readonly Permit[] {
  const more = [mode, nlink, uid, gid, ino].some((attribute) => attribute !== undefined);
  // A size that there cannot be makes the inode bad, for good (fuse_valid_size, fuse_make_bad).
  const least = typeof size === 'object' ? size.add : (size ?? 0);
  return more || least < 0 ? [anything, held] : [file];
}

function ofFilesystem(fault: FaultsAt['filesystem'], operation: OperationName): readonly Permit[] {
  switch (fault.kind) {
    case 'errno':
      return [...refused(fault.errno, fault.effect === 'after' ? 'either' : 'none'), ...left(operation)];
    case 'delay':
      return nothing;
    case 'hang':
      return [silence, errors('none', 'EINTR'), ...left(operation), held];
    case 'bit-flip':
    case 'range':
    case 'zero-sector':
      return spoilt(operation);
    case 'torn':
    case 'misdirect':
      return [file];
    case 'short':
      return shortened(operation);
    case 'stale-read':
      return [short, file];
    case 'stale':
      return ofStale(fault.how, operation);
    case 'lie':
      return ofLie(fault);
    case 'fsync-once':
      return [errors('none', fault.errno ?? 'EIO')];
    // Without a crash nobody can tell.
    case 'fsync-lies':
      return nothing;
    // What a crash may leave is judged elsewhere (docs/crashes.md).
    case 'power-cut':
      return [anything, held];
  }
}

function ofPageCache(fault: FaultsAt['page-cache']): readonly Permit[] {
  switch (fault.kind) {
    case 'drop-pages':
    case 'drop-dentries':
      return nothing;
    case 'keep-stale':
      return [file];
  }
}

function ofProcess(fault: FaultsAt['process'], operation: OperationName): readonly Permit[] {
  switch (fault.kind) {
    case 'kill':
      return [ended, errors('either', 'EINTR'), short, ...left(operation)];
    case 'interrupt':
      return [errors('either', 'EINTR'), short, ...left(operation)];
    case 'crash':
      return [anything, silence, held];
    case 'restart':
      if (fault.memory === 'lost') return [anything, silence, held];
      return fault.requests === 'lost' ? [silence, held] : [late];
  }
}

/** What comes over a network that fails: the request or its answer may have been lost. */
const unreachable = errors('either', 'EIO', 'ETIMEDOUT', 'ECONNRESET', 'ECONNREFUSED', 'ENOTCONN', 'EHOSTUNREACH');

function ofNetwork(fault: FaultsAt['network']): readonly Permit[] {
  switch (fault.kind) {
    case 'delay':
    case 'duplicate':
    case 'reorder':
      return nothing;
    case 'drop':
      return [unreachable, silence, locks, held];
    case 'reset':
    case 'refuse':
      return [unreachable, locks, held];
    case 'bit-flip':
    case 'range':
      return [anything, silence, held];
  }
}

function ofDisk(fault: FaultsAt['disk']): readonly Permit[] {
  switch (fault.kind) {
    case 'delay':
      return nothing;
    case 'errno':
      return [...refused([...(typeof fault.errno === 'string' ? [fault.errno] : fault.errno), 'EIO'], 'either'), file];
    // Without a crash what was not flushed is still there.
    case 'flush-lies':
      return nothing;
    // It may be any of the filesystem's own structures that is hit.
    case 'bit-flip':
    case 'range':
    case 'zero-sector':
    case 'torn':
    case 'misdirect':
    case 'lost-write':
    case 'power-cut':
      return [anything, held];
  }
}

/** What a rule permits when it strikes at an operation. */
export function permitsOf({ where, what }: Rule, operation: OperationName): readonly Permit[] {
  switch (where) {
    case 'link-request':
      return ofLinkRequest(what, operation);
    case 'link-reply':
      return ofLinkReply(what, operation);
    case 'filesystem':
      return ofFilesystem(what, operation);
    case 'page-cache':
      return ofPageCache(what);
    case 'process':
      return ofProcess(what, operation);
    case 'clock':
      return [times];
    case 'network':
      return ofNetwork(what);
    // No check has them between its filesystem and the kernel.
    case 'rpc-call':
    case 'rpc-reply':
      return [anything];
    case 'disk':
      return ofDisk(what);
  }
}

/** The rule with a name. Names are rules' own. */
export function ruleNamed({ rules }: FaultPlan, name: string): Rule {
  const rule = rules.find((other) => other.name === name);
  if (rule === undefined) throw new Error(`expected a rule of the plan, given "${name}"`);
  return rule;
}
