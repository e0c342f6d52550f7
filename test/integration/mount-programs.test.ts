import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { describeMounts, mountTest, ram } from '../support/mount.ts';

const test = mountTest.extend<{ shell: (script: string) => string }>({
  /** Runs a script in the mount of a ram filesystem, with $SOURCE the sources of this package. */
  shell: async ({ place, mounting }, use) => {
    await mounting(ram);
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
    await use((script) => execFileSync('sh', ['-euc', script], { cwd: place, env, encoding: 'utf8', timeout: 60_000 }));
  },
});

describeMounts('real programs on a ram mount', () => {
  test('tar: a tree goes in and comes out the same', ({ shell }) => {
    shell('tar -C "$SOURCE" -cf tree.tar . && mkdir out && tar -C out -xf tree.tar && diff -r "$SOURCE" out');
  });

  test('cp -a keeps links, modes and times', ({ shell }) => {
    shell('mkdir a && echo x > a/f && ln a/f a/g && ln -s f a/s && chmod 640 a/f && touch -d @1000.5 a/f');
    shell('cp -a a b && [ a/f -ef a/g ] && [ b/f -ef b/g ] && [ "$(readlink b/s)" = f ]');
    expect(shell('stat -c "%a %.Y %h" b/f')).toMatch(/^640 1000\.50* 2\n$/);
  });

  test('git: init, commit, gc, fsck', ({ shell }) => {
    shell('git init -q r && cp -r "$SOURCE"/vfs r/ && cd r && git add . && git commit -qm one');
    shell('cd r && git mv vfs contract && git commit -qm two && git gc -q && git fsck --strict');
    expect(shell('cd r && git status --porcelain && git log --format=%s')).toBe('two\none\n');
  });

  test.skipIf(!existsSync('/usr/bin/sqlite3'))('sqlite3: write, reopen, check', ({ shell }) => {
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

  test('dd, truncate and sparse copies', ({ shell }) => {
    shell(
      'dd if=/dev/urandom of=a bs=64k count=20 status=none && dd if=a of=b bs=4k oflag=direct iflag=direct status=none && cmp a b',
    );
    shell('truncate -s 10M sparse && printf end >> sparse && cp --sparse=always sparse copy && cmp sparse copy');
  });
});
