import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type ApplicationReport, crashApplication, volatileSubject } from '../../src/check/index.ts';
import { parsePlan } from '../../src/fault/index.ts';
import { ram } from '../../src/filesystems/index.ts';
import { crashPromises } from '../../src/vfs/index.ts';

const text = readFileSync(new URL('../../docs/crashes.md', import.meta.url), 'utf8');
const block = (language: string): string => new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(text)?.[1] ?? '';

test('the example of a program is caught as it says', () => {
  const names = ['crashApplication', 'volatileSubject', 'ram'];
  const run = new Function(...names, `${block('ts')} return report;`);
  const { failure } = run(crashApplication, volatileSubject, ram) as ApplicationReport;
  expect(failure?.lost).toContain('name "key" in directory 1');
  expect(String(failure?.error)).toContain('ENOENT');
});

test('the plan can be read', () => {
  expect(parsePlan(block('yaml')).rules.map(({ what }) => what.kind)).toEqual(['power-cut']);
});

test('every promise is a column', () => {
  for (const promise of crashPromises) expect(text).toMatch(new RegExp(`^\\| \\| .*\`${promise}\``, 'm'));
});
