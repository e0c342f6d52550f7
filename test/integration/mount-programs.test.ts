import { expect } from 'vitest';
import { describeMounts, mountTest, ram } from '../support/mount.ts';
import { type Shell, shellIn, testPrograms } from '../support/programs.ts';

const test = mountTest.extend<{ shell: Shell }>({
  /** In the mount of a ram filesystem. */
  shell: async ({ place, mounting }, use) => {
    await mounting(ram);
    await use(shellIn(place));
  },
});

describeMounts('real programs on a ram mount', () => {
  testPrograms(test);

  test('cp -a keeps links, modes and times', ({ shell }) => {
    shell('mkdir a && echo x > a/f && ln a/f a/g && ln -s f a/s && chmod 640 a/f && touch -d @1000.5 a/f');
    shell('cp -a a b && [ a/f -ef a/g ] && [ b/f -ef b/g ] && [ "$(readlink b/s)" = f ]');
    expect(shell('stat -c "%a %.Y %h" b/f')).toMatch(/^640 1000\.50* 2\n$/);
  });

  test('dd, truncate and sparse copies', ({ shell }) => {
    shell(
      'dd if=/dev/urandom of=a bs=64k count=20 status=none && dd if=a of=b bs=4k oflag=direct iflag=direct status=none && cmp a b',
    );
    shell('truncate -s 10M sparse && printf end >> sparse && cp --sparse=always sparse copy && cmp sparse copy');
  });
});
