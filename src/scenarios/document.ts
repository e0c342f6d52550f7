import type { Scenario } from './scenario.ts';
import { showSeen } from './show.ts';

const cell = (text: string): string => text.replaceAll('|', '\\|');

/** The catalogue as a table in Markdown. */
export function documentRows(scenarios: readonly Scenario[]): string {
  const rows = scenarios.map(({ row, id, title, symptom, sound, remedy }) =>
    ['', String(row), `\`${id}\``, title, `\`${showSeen(symptom)}\``, remedy, `\`${showSeen(sound)}\``, '']
      .map(cell)
      .join(' | '),
  );
  return [
    '| row | `estale nfs run` | failure | symptom | remedy | with the remedy |',
    '|---|---|---|---|---|---|',
    ...rows.map((row) => row.trim()),
  ].join('\n');
}
