import { expect, test } from 'vitest';
import { journalBugs } from '../../src/zoo/bugs/journal.ts';
import { findProblem } from '../support/journal.ts';
import { programs } from '../support/journal-programs.ts';
import { patchedJournal } from '../support/patched-journal.ts';

test.for(journalBugs)('a power cut shows $name', async ({ file, before, after, also }) => {
  const patches = [{ file, before, after }, ...(also === undefined ? [] : [also])];
  const factory = await patchedJournal(patches);
  expect(Object.values(programs).some((steps) => findProblem(steps, factory) !== undefined)).toBe(true);
});
