import { expect } from 'vitest';
import type { FileSystemFactory } from '../../../src/env/index.ts';
import { ram } from '../../../src/filesystems/index.ts';
import { simulatedTest } from '../../../src/vitest/index.ts';

const test = simulatedTest(ram);

test('has a filesystem', ({ fs }) => {
  fs.writeFileSync('/a', 'b');
  expect(fs.readFileSync('/a', 'utf8')).toBe('b');
});

test('has a fresh one', ({ fs }) => {
  expect(fs.readdirSync('/')).toEqual([]);
});

test('fails', ({ seed }) => {
  expect(seed).toBe(-1);
});

const faulty: FileSystemFactory = (environment, options) => {
  const filesystem = ram(environment, options);
  filesystem.readlink = () => {
    throw new TypeError('the bug in readlink');
  };
  return filesystem;
};
const faultyTest = simulatedTest(faulty);

faultyTest('does not look at errors', ({ fs }) => {
  fs.symlinkSync('/a', '/b');
  expect(() => fs.readlinkSync('/b')).toThrow('EIO');
});

faultyTest('knows the bug', ({ fs, problems }) => {
  fs.symlinkSync('/a', '/b');
  expect(() => fs.readlinkSync('/b')).toThrow('EIO');
  expect(problems.splice(0)).toMatchObject([{ error: { message: 'the bug in readlink' } }]);
});
