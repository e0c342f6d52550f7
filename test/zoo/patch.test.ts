import { expect, test } from 'vitest';
import { patched } from '../../src/zoo/index.ts';

const text = 'if (full)\n    return 1;\nsize += 1;\n';

test('a change is found whatever the blanks, and the rest of the text stays', () => {
  const patch = { file: 'a.ts', before: 'if (full) return 1;', after: '' };
  expect(patched(text, patch)).toBe('\nsize += 1;\n');
  expect(patched(text, { file: 'a.ts', before: 'size+=1;', after: 'size += 2;' })).toBe(
    'if (full)\n    return 1;\nsize += 2;\n',
  );
});

test('what is not there exactly once is an error that names the file and the text', () => {
  const nowhere = { file: 'a.ts', before: 'return 2;', after: '' };
  expect(() => patched(text, nowhere)).toThrow('a.ts: expected exactly once, found nowhere: return 2;');
  const twice = { file: 'a.ts', before: '1;', after: '' };
  expect(() => patched(text, twice)).toThrow('a.ts: expected exactly once, found more than once: 1;');
});
