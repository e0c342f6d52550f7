#!/usr/bin/env node
// Writes the tables of docs/zoo.md from what `estale zoo --json` said: scripts/write-zoo-table.js results.json
// A bug that is not among the results keeps the row that it has.
import { readFileSync, writeFileSync } from 'node:fs';
import { bugs } from '../dist/zoo/index.js';

const path = new URL('../docs/zoo.md', import.meta.url);
const results = new Map(JSON.parse(readFileSync(process.argv[2], 'utf8')).map((result) => [result.name, result]));
const [before, after] = readFileSync(path, 'utf8').split('<!-- tables -->');
const rows = new Map((after.match(/^\| `.*$/gm) ?? []).map((line) => [/`(.*?)`/.exec(line)[1], line]));
const cell = (text) => text.replaceAll('|', '\\|');

function row(bug) {
  const result = results.get(bug.name);
  if (result === undefined) {
    if (rows.has(bug.name)) return rows.get(bug.name);
    throw new Error(`${bug.name}: expected to be among the results, or to have a row`);
  }
  const { found, seeds, milliseconds, programs, steps } = result;
  const about = bug.source === undefined ? bug.summary : `${bug.summary} (${bug.source})`;
  const longer = bug.longer === undefined || steps <= 6 ? '' : ` [^${bug.name}]`;
  const figures = [`${found}/${seeds}`, (milliseconds / 1000).toFixed(1), programs, `${steps}${longer}`];
  return `| \`${bug.name}\` | ${cell(about)} | ${bug.target} | ${figures.join(' | ')} |`;
}

const lines = [];
for (const host of new Set(bugs.map((bug) => bug.host))) {
  lines.push(
    `### ${host}`,
    '',
    '| bug | what goes wrong | checked | found | CPU s | programs | calls |',
    '|---|---|---|---|---|---|---|',
  );
  lines.push(...bugs.filter((bug) => bug.host === host).map(row), '');
}
for (const { name, longer } of bugs.filter((bug) => lines.some((line) => line.includes(`[^${bug.name}]`))))
  lines.push(`[^${name}]: ${longer}.`);

const head =
  'Found: by how many of the seeds. CPU seconds, generated programs and calls of the shrunk program are medians.';
writeFileSync(path, `${before}<!-- tables -->\n\n${head}\n\n${lines.join('\n').trimEnd()}\n`);
