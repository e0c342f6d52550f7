import {
  O_APPEND,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_PATH,
  O_TMPFILE_BIT,
  O_TRUNC,
  RENAME_EXCHANGE,
  RENAME_NOREPLACE,
  type SyscallName,
} from '../vfs/index.ts';
import { LEAK } from './ledger.ts';
import type { Failure } from './runner.ts';

/** Calls that only show what others did: their divergences are counted by the call before them. */
export const observing: ReadonlySet<SyscallName> = new Set([
  'stat',
  'lstat',
  'fstat',
  'statx',
  'access',
  'readlink',
  'getdents',
  'read',
  'pread',
  'readv',
  'getxattr',
  'lgetxattr',
  'fgetxattr',
  'listxattr',
  'llistxattr',
  'flistxattr',
  'close',
  'getlk',
  'load',
]);

const openClasses: readonly (readonly [string, number])[] = [
  ['O_CREAT', O_CREAT],
  ['O_EXCL', O_EXCL],
  ['O_TRUNC', O_TRUNC],
  ['O_APPEND', O_APPEND],
  ['O_DIRECTORY', O_DIRECTORY],
  ['O_NOFOLLOW', O_NOFOLLOW],
  ['O_PATH', O_PATH],
  ['O_TMPFILE', O_TMPFILE_BIT],
];

const statFamily: ReadonlySet<SyscallName> = new Set(['stat', 'lstat', 'fstat', 'statx']);
const readFamily: ReadonlySet<SyscallName> = new Set(['read', 'pread', 'readv']);

/** Calls that look at the same thing count as one. */
const family = (op: SyscallName): string => (statFamily.has(op) ? 'stat' : readFamily.has(op) ? 'read' : op);

/** What a divergence is known by before it is shrunk: cheap, and finer or coarser than the signature. */
export function rawKey({ call, divergence }: Failure): string {
  const { aspect, difference } = divergence;
  if (aspect === LEAK) return difference;
  return aspect === 'result' ? `${call.op}: ${difference}` : `${family(call.op)}: ${difference}`;
}

function pathClass(path: string): string {
  if (path === '') return 'empty';
  const end = path.replace(/\/+$/, '');
  const last = end.slice(end.lastIndexOf('/') + 1);
  const kind = end === '' ? 'root' : last === '.' ? 'dot' : last === '..' ? 'dotdot' : last.length > 80 ? 'long' : '';
  return end !== '' && path.endsWith('/') ? `${kind}${kind === '' ? '' : ' '}slash` : kind;
}

/** What of a call's arguments tells one divergence from another. */
function argumentClass(call: Failure['call']): string {
  const classes: string[] = [];
  if (call.op === 'open') for (const [name, bit] of openClasses) if ((call.flags & bit) !== 0) classes.push(name);
  if (call.op === 'rename') {
    if ((call.flags & RENAME_NOREPLACE) !== 0) classes.push('NOREPLACE');
    if ((call.flags & RENAME_EXCHANGE) !== 0) classes.push('EXCHANGE');
  }
  if ('path' in call) classes.push(pathClass(call.path));
  if ('newPath' in call) classes.push(pathClass(call.newPath));
  const said = classes.filter((text) => text !== '');
  return said.length > 0 ? ` (${said.join(', ')})` : '';
}

/**
 * What a divergence is counted by, after shrinking: the call, expected and actual, with the classes of its arguments. A
 * value that a call left wrong counts for that call; what is found by looking, for the call before.
 */
export function signatureOf({ program, call, divergence }: Failure): string {
  const { aspect, difference, cause } = divergence;
  if (aspect === LEAK) return difference;
  const before = program.steps.at(-2)?.call;
  if (cause !== undefined && !difference.endsWith(' changed')) return `${cause}: ${difference}`;
  const name = aspect === 'result' ? call.op : family(call.op);
  const own = `${name}${argumentClass(call)}: ${difference}`;
  if (!observing.has(call.op) || before === undefined) return own;
  if (difference.endsWith(' changed')) return `${before.op}: ${difference}`;
  return `${before.op}${argumentClass(before)}, then ${own}`;
}
