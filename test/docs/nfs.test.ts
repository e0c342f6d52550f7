import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { goodHabits, listHabits, parseHabit } from '../../src/nfs/index.ts';

const text = readFileSync(new URL('../../docs/nfs.md', import.meta.url), 'utf8');

test('docs/nfs.md tells every habit and each of its choices', () => {
  for (const line of listHabits()) {
    const [name, choices] = line.split('=');
    const row = text.split('\n').find((each) => each.startsWith(`| \`${name}\` |`));
    for (const choice of choices.split('|')) expect(row, name).toMatch(new RegExp(`\`${choice}(:N)?\``));
  }
});

test('the first choice of each habit is the good one', () => {
  const first = listHabits().map((line) => parseHabit(line.split('|')[0]));
  expect(Object.assign({}, ...first)).toEqual(goodHabits);
});

test('a number behind a choice is files or calls', () => {
  expect(parseHabit('handles=table:7')).toEqual({ handles: { kind: 'table', capacity: 7 } });
  expect(parseHabit('replyCache=on:8')).toMatchObject({ replyCache: { kind: 'on', size: 8 } });
});
