import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { capabilities } from '../../src/check/index.ts';

test('docs/checking.md names every capability as the program does', () => {
  const text = readFileSync(new URL('../../docs/checking.md', import.meta.url), 'utf8');
  const rows = [...text.matchAll(/^\| `([a-z-]+)` \| (.*) \|$/gm)].map(([, name, meaning]) => [name, meaning]);
  expect(Object.fromEntries(rows)).toEqual(capabilities);
});
