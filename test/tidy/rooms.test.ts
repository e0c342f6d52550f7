import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const rows = (heading: string) => {
  const lines = readFileSync(join(root, 'docs/architecture.md'), 'utf8').split('\n');
  const start = lines.findIndex((line) => line.startsWith(`| ${heading} |`));
  expect(start, `the table that starts with "${heading}" in docs/architecture.md`).toBeGreaterThan(0);
  const body = lines.slice(start + 2);
  return body
    .slice(0, body.indexOf('') < 0 ? undefined : body.indexOf(''))
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map((cells) => ({ place: cells[1].replaceAll('`', ''), last: cells.at(-2) as string }));
};

const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => join('src', name));
const text = (file: string) => readFileSync(join(root, file), 'utf8');
const room = (file: string) => file.split('/')[1];

/** Comments and string contents out, so that words in them do not count. */
const code = (source: string) =>
  source
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/`(?:\\.|[^`\\])*`|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|\/\/[^\n]*/g, (match) =>
      match.startsWith('`') ? (match.match(/\$\{[^}]*\}/g) ?? []).join(' ') : '',
    );

describe('rooms', () => {
  const allowed = new Map(rows('folder').map(({ place, last }) => [place.replace('src/', ''), last]));

  test('every folder of src is in the table', () => {
    const folders = new Set(sources.filter((file) => file.split('/').length > 2).map(room));
    expect([...folders].filter((folder) => !allowed.has(folder))).toEqual([]);
  });

  test('imports go only where the table allows', () => {
    const wrong: string[] = [];
    for (const file of sources.filter((name) => name.split('/').length > 2)) {
      for (const [, target] of text(file).matchAll(/(?:from|import\(|import)\s*['"](\.[^'"]+)['"]/g)) {
        const imported = relative(root, resolve(root, dirname(file), target));
        const to = room(imported);
        const may = allowed.get(room(file)) ?? '';
        if (to === room(file) || may === 'everything') continue;
        if (!may.split(', ').includes(to)) wrong.push(`${file} imports ${imported}: ${room(file)} may import ${may}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('time, chance and the process come from the environment', () => {
    const places = rows('place').map(({ place }) => place);
    // Not its pid, cwd and umask: processes of the simulation have those too.
    const members =
      'env|argv|exit|exitCode|on|once|off|platform|kill|std\\w+|nextTick|hrtime|memoryUsage|get\\w+|dlopen|send';
    const forbidden = new RegExp(
      `\\b(?:new Date|Date\\.|Math\\.random|set(?:Timeout|Interval|Immediate)\\b|performance\\.)|(?<![.\\w])process\\.(?:${members})\\b`,
    );
    const wrong = sources
      .filter((file) => !places.some((place) => file === place || file.startsWith(`${place}/`)))
      .flatMap((file) =>
        code(text(file))
          .split('\n')
          .filter((line) => forbidden.test(line))
          .map((line) => `${file}: ${line.trim()}`),
      );
    expect(wrong).toEqual([]);
  });
});
