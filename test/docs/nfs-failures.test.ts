import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { documentRows, missing, scenarios } from '../../src/scenarios/index.ts';

const text = readFileSync(new URL('../../docs/nfs-failures.md', import.meta.url), 'utf8');

test('docs/nfs-failures.md has the table of the catalogue', () => {
  const [, table] = /<!-- rows: begin -->\n([\s\S]*)\n<!-- rows: end -->/.exec(text) ?? [];
  expect(table).toBe(documentRows(scenarios));
});

test('it says which rows do not run, and all 40 are there', () => {
  const rows = new Set([...scenarios, ...missing].map(({ row }) => row));
  expect([...rows].sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
  for (const { row, id } of missing) expect(text).toContain(`Row ${row}, \`${id}\``);
});
