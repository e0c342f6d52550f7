import { expect, test } from 'vitest';
import { runProject } from '../support/vitest-run.ts';

test('a mark that was never true fails its file with the place; one of a failing test says nothing', async () => {
  const { code, output, fileMessages } = await runProject(['marks.ts', 'other-file.ts']);
  expect(code).toBe(1);
  expect(fileMessages).toContain('sometimes: "more than three" was never true (seen 3 times)');
  expect(fileMessages).toContain('"after the end" was never true (seen 1 time)');
  expect(fileMessages).toContain('sometimes: "the mark of another file" was never true (seen 1 time)');
  expect(output).toContain('marks.ts:27:');
  for (const reached of ['the second run', 'in another test', 'the second try', 'before the end'])
    expect(output).not.toContain(`"${reached}"`);
});

test('marks of tests that did not run say nothing', async () => {
  const { code, fileMessages } = await runProject(['marks.ts', '-t', 'reached']);
  expect(fileMessages).toBe('');
  expect(code).toBe(0);
});

test('files that share a worker and its modules have marks of their own', async () => {
  const files = ['marks.ts', 'other-file.ts', '--no-isolate', '--maxWorkers=1'];
  const { fileMessages } = await runProject([...files, '-t', 'reached|misses']);
  expect(fileMessages.trim()).toBe('sometimes: "the mark of another file" was never true (seen 1 time)');
});

test('when one counterexample alone is run, marks say nothing', async () => {
  const { code } = await runProject(['other-file.ts'], { env: { ESTALE_REPLAY: 'some.json' } });
  expect(code).toBe(0);
});
