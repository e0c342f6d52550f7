import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { type Registry, resolveFileSystem } from '../../src/mount/run.ts';

const registry: Registry = {
  ram: { module: 'file:///ram.js', exportName: 'ram' },
  loopback: { module: 'file:///l.js', exportName: 'loop', argument: { option: 'root', kind: 'directory' } },
};

test('names of the registry', () => {
  expect(resolveFileSystem('ram', registry)).toEqual({ module: 'file:///ram.js', exportName: 'ram', options: {} });
});

test('the text behind the colon is an option, a directory made absolute', () => {
  expect(resolveFileSystem('loopback:some/dir', registry).options).toEqual({ root: resolve('some/dir') });
});

test('paths of modules', () => {
  expect(resolveFileSystem('./package.json', registry).module).toBe(pathToFileURL(resolve('package.json')).href);
});

test.each([
  ['loopbak:x', 'unknown filesystem "loopbak" (did you mean "loopback"?); there are: ram loopback'],
  ['constructor', 'unknown filesystem "constructor"'],
  ['ram:x', 'filesystem "ram" takes no argument, given "x"'],
  ['loopback', 'filesystem "loopback" needs a directory: loopback:ROOT'],
  ['./nowhere.js', './nowhere.js: no such module'],
])('%s is refused', (text, message) => {
  expect(() => resolveFileSystem(text, registry)).toThrow(message);
});
