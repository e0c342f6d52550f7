import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { configurationNames, corpus, foreignTolerances, type Tolerance, tolerances } from '../../src/fidelity/index.ts';

const text = readFileSync(new URL('../../docs/fidelity.md', import.meta.url), 'utf8');

test.for<[heading: string, listed: readonly Tolerance[]]>([
  ['What the comparison leaves out', tolerances],
  ['Foreign daemons', foreignTolerances],
])('the tolerances in the documentation are those of the comparison: %s', ([heading, listed]) => {
  const section = text.split(`## ${heading}`)[1].split('\n## ')[0];
  const rows = section.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| what |'));
  expect(rows).toEqual(listed.map(({ what, why }) => `| ${what} | ${why} |`));
});

test('the documentation counts scripts and configurations as they are', () => {
  const scripts = corpus.reduce((sum, group) => sum + Object.keys(group.scripts).length, 0);
  expect(text).toContain(`has ${scripts} scripts`);
  expect(text).toContain(`of ${configurationNames.length} configurations`);
});
