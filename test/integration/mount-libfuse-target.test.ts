import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { hostKernel } from '../../src/check/host-kernel/index.ts';
import { mountLibfuse } from '../../src/mount/libfuse/channel.ts';
import { O_CREAT, O_RDWR, root } from '../../src/vfs/index.ts';
import { describeMounts, mountTest, ram } from '../support/mount.ts';

describeMounts('the host kernel on a libfuse mount', () => {
  mountTest('clears a directory from which .fuse_hidden files vanish meanwhile', async ({ place }) => {
    const mounted = await mountLibfuse(ram, place, { report: () => {} });
    const directory = join(place, 'd');
    mkdirSync(directory);
    const kernel = hostKernel({ directory });
    try {
      for (let round = 0; round < 30; round++) {
        kernel.spawn(1, root);
        for (let i = 0; i < 8; i++) {
          const opened = kernel.call(1, { op: 'open', path: `/f${i}`, flags: O_CREAT | O_RDWR, mode: 0o644 });
          expect(opened).toBe(3 + i);
          expect(kernel.call(1, { op: 'unlink', path: `/f${i}` })).toBe(0);
        }
        kernel.reset();
      }
    } finally {
      kernel.close();
      await mounted.unmount();
    }
  });
});
