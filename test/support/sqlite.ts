import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Under CI=true the program must be there. */
export const noSqlite = process.env.CI !== 'true' && !existsSync('/usr/bin/sqlite3');

/** What sqlite3 says, line by line, up to the first error, which it is told to end at. */
export function sqlite(database: string, text: string): { readonly lines: readonly string[]; readonly error: string } {
  const { stdout, stderr } = spawnSync('sqlite3', ['-bail', database], {
    encoding: 'utf8',
    input: text,
    timeout: 20_000,
  });
  return { lines: stdout.split('\n').filter((line) => line !== ''), error: stderr };
}
