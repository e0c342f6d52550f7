import { expect, it } from 'vitest';
import { parseScript } from '../../src/check/index.ts';
import { kindOf } from '../../src/check/kind.ts';

const result = (script: string, expected: string, actual: string): string => {
  const program = parseScript(script);
  const difference = `expected ${expected}, got ${actual}`;
  const call = program.steps[program.steps.length - 1].call;
  return kindOf({ program, call, result: 0, divergence: { aspect: 'result', difference, expected, actual } });
};
const value = (script: string, aspect: string, difference: string, cause?: string): string => {
  const program = parseScript(script);
  const call = program.steps[program.steps.length - 1].call;
  return kindOf({ program, call, result: 0, divergence: { aspect, difference, expected: '', actual: '', cause } });
};
const root = 'p1: uid 0, gid 0, umask 022\n';

it.each([
  ['1 p1 lstat("/a/..")', 'ENOENT', 'success', 'path walk: ..'],
  ['1 p1 mkdir("/a/../b", 0755)', 'ENOENT', 'success', 'path walk: ..'],
  ['1 p1 stat("/a/")', 'ENOTDIR', 'success', 'path walk: a trailing slash'],
  ['1 p1 creat("/a", 0)', 'success', 'EACCES', 'root gets EACCES'],
  ['1 p1 unlink("/b")\n2 p1 lstat("/a")', 'success', 'ENOENT', 'unlink: names afterwards'],
  ['1 p1 rename("/a", "/b", 0)', 'ENOTEMPTY', 'success', 'rename: expected ENOTEMPTY'],
  ['1 p1 pwrite(fd3, pattern(0, 1), 0)', 'EBADF', 'success', 'write: expected EBADF'],
])('of an errno: %s: expected %s, got %s', (script, expected, actual, kind) => {
  expect(result(root + script, expected, actual)).toBe(kind);
});

it('of a value is the call that left it wrong, whichever showed it', () => {
  expect(value('1 p1 fstat(fd3)', 'mtime', 'mtime not updated', 'pwrite')).toBe('write: mtime not updated');
  expect(value('1 p1 lstat("/a")', 'mtime', 'mtime not updated', 'writev')).toBe('write: mtime not updated');
  expect(value('1 p1 stat("/a")\n2 p1 lstat("/a")', 'atime', 'atime changed', 'creat')).toBe(
    'atime changed without a reason',
  );
});
