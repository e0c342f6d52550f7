import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { journal } from '../../src/zoo/bugs/journal.ts';
import { patched } from '../../src/zoo/index.ts';
import { findProblem } from '../support/journal.ts';
import { programs } from '../support/journal-programs.ts';
import { patchedJournal } from '../support/patched-journal.ts';

test.for(journal)('a power cut shows $name', async ({ file, before, after, also }) => {
  const patches = [{ file, before, after }, ...(also === undefined ? [] : [also])];
  for (const patch of patches) {
    const source = readFileSync(new URL(`../../src/${patch.file}`, import.meta.url), 'utf8');
    expect(patched(source, patch)).not.toBe(source);
  }
  const factory = await patchedJournal(patches);
  expect(Object.values(programs).some((steps) => findProblem(steps, factory) !== undefined)).toBe(true);
});
