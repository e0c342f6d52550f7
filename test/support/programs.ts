import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';

/** Runs a script of sh in a directory, with $SOURCE the sources of this package and nobody's git configuration. */
export type Shell = (script: string) => string;

export function shellIn(place: string): Shell {
  const env = {
    ...process.env,
    SOURCE: new URL('../../src', import.meta.url).pathname,
    HOME: place,
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_AUTHOR_NAME: 'a',
    GIT_AUTHOR_EMAIL: 'a@example.org',
    GIT_COMMITTER_NAME: 'a',
    GIT_COMMITTER_EMAIL: 'a@example.org',
  };
  return (script) => execFileSync('sh', ['-euc', script], { cwd: place, env, encoding: 'utf8', timeout: 60_000 });
}

interface Context {
  readonly shell: Shell;
  readonly place: string;
}

type Test = (name: string, body: (context: Context) => void) => void;

/** What every mount must carry, whatever its channel: real programs at work in it. */
export function testPrograms(test: Test & { skipIf(condition: boolean): Test }): void {
  test('tar: a tree goes in and comes out the same', ({ shell }) => {
    shell('tar -C "$SOURCE" -cf tree.tar . && mkdir out && tar -C out -xf tree.tar && diff -r "$SOURCE" out');
    expect(shell('cd out && find . -type f -exec stat -c "%n %a %s" {} + | sort')).toBe(
      shell('cd "$SOURCE" && find . -type f -exec stat -c "%n %a %s" {} + | sort'),
    );
  });

  test('git: init, commit, gc, fsck', ({ shell }) => {
    shell('git init -q r && cp -r "$SOURCE"/vfs r/ && cd r && git add . && git commit -qm one');
    shell('cd r && git mv vfs contract && git commit -qm two && git gc -q && git fsck --strict');
    expect(shell('cd r && git status --porcelain && git log --format=%s')).toBe('two\none\n');
  });

  const noSqlite = process.env.CI !== 'true' && !existsSync('/usr/bin/sqlite3');
  if (noSqlite) console.log('skipped: sqlite3 on a mount: the program is not installed');
  test.skipIf(noSqlite)('sqlite3: write, reopen, check', ({ shell }) => {
    shell(`sqlite3 d.db 'create table t(n integer primary key, x); begin;
      with recursive c(n) as (select 1 union all select n + 1 from c where n < 5000) insert into t select n, hex(randomblob(100)) from c;
      commit; delete from t where n % 3 = 0; vacuum;'`);
    expect(shell(`sqlite3 d.db 'pragma integrity_check; select count(*) from t;'`)).toBe('ok\n3334\n');
    expect(shell(`sqlite3 d.db 'pragma journal_mode = truncate; update t set x = n; pragma integrity_check;'`)).toBe(
      'truncate\nok\n',
    );
  });

  test('find sees everything, rm -r leaves nothing', ({ shell, place }) => {
    for (let i = 0; i < 20; i++) mkdirSync(join(place, `d${i}/e/f`), { recursive: true });
    shell('for d in d*; do touch $d/e/f/1 $d/e/f/2 $d/e/3; done');
    expect(shell('find . -type f | wc -l').trim()).toBe('60');
    expect(shell('find . -name 3 -path "*/e/*" | wc -l').trim()).toBe('20');
    shell('rm -r d*');
    expect(readdirSync(place)).toEqual([]);
  });
}
