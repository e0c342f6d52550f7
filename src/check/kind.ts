import type { Call, SyscallName } from '../vfs/index.ts';
import { LEAK } from './ledger.ts';
import type { Failure } from './runner.ts';

/** Calls that do one thing in several ways, by the plainest. */
const families: Partial<Record<SyscallName, string>> = {
  creat: 'open',
  dup2: 'dup',
  pread: 'read',
  readv: 'read',
  pwrite: 'write',
  writev: 'write',
  ftruncate: 'truncate',
  lstat: 'stat',
  fstat: 'stat',
  statx: 'stat',
  fchmod: 'chmod',
  fchown: 'chown',
  lchown: 'chown',
  futimens: 'utimensat',
  fchdir: 'chdir',
  fstatfs: 'statfs',
  fdatasync: 'fsync',
  lsetxattr: 'setxattr',
  fsetxattr: 'setxattr',
  lgetxattr: 'getxattr',
  fgetxattr: 'getxattr',
  llistxattr: 'listxattr',
  flistxattr: 'listxattr',
  lremovexattr: 'removexattr',
  fremovexattr: 'removexattr',
};

const familyOf = (op: string): string => families[op as SyscallName] ?? op;

/** Calls whose answer is all that they do. */
const looking: ReadonlySet<string> = new Set(['stat', 'access', 'readlink']);

/** What a walk along a path may come to. */
const walkErrors: ReadonlySet<string> = new Set(['success', 'ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG']);

const pathsOf = (call: Call): readonly string[] => {
  const paths: string[] = [];
  if ('path' in call) paths.push(call.path);
  if ('newPath' in call) paths.push(call.newPath);
  return paths;
};

/** The oddity of a path that explains a wrong answer whichever call gives it; undefined for a plain one. */
function shapeOf(paths: readonly string[], expected: string): string | undefined {
  const parts = paths.flatMap((path) => path.split('/'));
  if (paths.includes('')) return 'an empty path';
  if (expected === 'ENAMETOOLONG' || parts.some((part) => part.length > 80)) return 'a long name';
  if (parts.includes('..')) return '..';
  if (parts.includes('.')) return '.';
  if (paths.some((path) => /^\/+$/.test(path))) return 'the root';
  if (paths.some((path) => path.endsWith('/'))) return 'a trailing slash';
  return expected === 'ELOOP' ? 'too many symbolic links' : undefined;
}

function kindOfResult({ program, call, divergence }: Failure): string {
  const { expected, actual } = divergence;
  const caller = program.processes.find(({ pid }) => pid === program.steps[program.steps.length - 1].pid);
  if (actual === 'EACCES' || actual === 'EPERM')
    return caller?.uid === 0 ? `root gets ${actual}` : `user gets ${actual}`;
  if (expected === 'EACCES') return 'permission is not checked';
  const shape = shapeOf(pathsOf(call), expected);
  if (shape !== undefined) return `path walk: ${shape}`;
  const family = familyOf(call.op);
  if (looking.has(family) && walkErrors.has(expected) && walkErrors.has(actual)) {
    const before = program.steps.at(-2)?.call;
    return before === undefined ? `path walk: expected ${expected}` : `${familyOf(before.op)}: names afterwards`;
  }
  if (family !== 'rename' && expected === 'ENOTDIR') return 'path walk: a file as a directory';
  return expected === 'success' ? `${family}: refused with ${actual}` : `${family}: expected ${expected}`;
}

/**
 * What was done wrong at heart, coarser than the signature: many calls may show one mistake, and one mistake many errnos.
 * A wrong value counts for the call that left it wrong, a path that is walked wrongly for what is odd in the path, a
 * refusal of permission for whoever was refused.
 */
export function kindOf(failure: Failure): string {
  const { call, divergence } = failure;
  const { aspect, difference, cause } = divergence;
  if (aspect === 'result') return kindOfResult(failure);
  if (aspect === 'ino' || aspect === LEAK) return difference;
  if (difference.endsWith(' changed')) return `${difference} without a reason`;
  return `${familyOf(cause ?? call.op)}: ${difference}`;
}
