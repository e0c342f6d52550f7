import { expect, test } from 'vitest';
import { ram } from '../../src/filesystems/index.ts';
import { createCluster } from '../../src/sim/index.ts';
import { type Call, O_CREAT, O_RDWR, root, type SysResult } from '../../src/vfs/index.ts';

const open: Call = { op: 'open', path: '/f', flags: O_RDWR | O_CREAT, mode: 0o644, into: 3 };
const size = (result: SysResult | Promise<SysResult>): number => (result as { size: number }).size;

test('clients see what the others did, unless they may remember', () => {
  for (const attributeTimeout of [0, 1]) {
    const { kernels } = createCluster(ram, 2, { mount: { attributeTimeout } });
    kernels.forEach((kernel, client) => {
      kernel.spawn(client + 1, root);
      kernel.call(client + 1, open);
    });
    expect(size(kernels[1].call(2, { op: 'fstat', fd: 3 }))).toBe(0);
    kernels[0].call(1, { op: 'pwrite', fd: 3, data: { seed: 0, length: 5 }, offset: 0 });
    expect(size(kernels[1].call(2, { op: 'fstat', fd: 3 }))).toBe(attributeTimeout === 0 ? 5 : 0);
    for (const kernel of kernels) kernel.close();
  }
});
