import { appendFileSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { expect } from 'vitest';
import { mountedTest } from '../../../src/vitest/index.ts';
import { ram } from '../mount.ts';

const test = mountedTest(ram);
const told = process.env.PLACES as string;

test('uses the mount synchronously', ({ place }) => {
  appendFileSync(told, `${place}\n`);
  writeFileSync(`${place}/a`, 'b');
  expect(readFileSync(`${place}/a`, 'utf8')).toBe('b');
});

test('runs out of time', { timeout: 3000 }, async ({ place }) => {
  appendFileSync(told, `${place}\n`);
  await new Promise(() => {});
});

mountedTest(new URL('./greeting.ts', import.meta.url))('is a TypeScript module', ({ place, mounted }) => {
  expect(mounted.filesystem).toBe('greeting');
  expect(readFileSync(`${place}/hello`, 'utf8')).toBe('hello');
});

mountedTest({ module: new URL('../filesystems/faulty.js', import.meta.url).href, options: { readlink: 'throws' } })(
  'does not look at errors',
  ({ place }) => {
    appendFileSync(told, `${place}\n`);
    symlinkSync('/a', `${place}/b`);
    expect(() => readlinkSync(`${place}/b`)).toThrow('EIO');
  },
);
