import { describe, expect, test } from 'vitest';
import { ram } from '../../src/filesystems/index.ts';
import type { MountOptions } from '../../src/sim/index.ts';
import '../../src/vitest/index.ts';

describe('when every process has ended and the caches are dropped, the filesystem has every reference and handle back', () => {
  const mounts: Readonly<Record<string, MountOptions>> = {
    'nothing cached': {},
    'everything cached': { entryTimeout: 1000, attributeTimeout: 1000, negativeTimeout: 1000 },
    'for moments': { entryTimeout: 0.003, attributeTimeout: 0.002, negativeTimeout: 0.001, directIo: true },
  };
  for (const [name, mount] of Object.entries(mounts))
    test(name, async () => {
      await expect(ram).toLeakNothing({ runs: 300, simulation: { mount }, save: false });
    });
});
