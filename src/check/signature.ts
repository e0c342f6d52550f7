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
import type { Failure } from './runner.ts';

/** Calls that only show what others did: their divergences are counted by the call before them. */
const observing: ReadonlySet<SyscallName> = new Set([
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

/** What a divergence is known by before it is shrunk: cheap, and finer or coarser than the signature. */
export function rawKey({ call, divergence }: Failure): string {
  return `${call.op}: ${divergence.difference}`;
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
 * What a divergence is counted by, after shrinking: the call, expected and actual, with the classes of its arguments; for
 * a call that only looks, what was called before it.
 */
export function signatureOf({ program, call, divergence }: Failure): string {
  const before = program.steps.at(-2)?.call;
  const own = `${call.op}${argumentClass(call)}: ${divergence.difference}`;
  if (!observing.has(call.op) || before === undefined || divergence.difference.includes(before.op)) return own;
  return `${before.op}${argumentClass(before)}, then ${own}`;
}
