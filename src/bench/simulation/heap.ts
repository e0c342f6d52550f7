import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ram } from '../../filesystems/index.ts';
import { simulate } from '../../sim/index.ts';
import { root, S_IFREG } from '../../vfs/index.ts';

const IN_ONE_DIRECTORY = 1000;

/** Bytes of the heap in use after everything that nobody refers to is gone. */
function heapInUse(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** What the simulated kernel, and the session's count of references, keep of one looked-up file: inode, dentry and table entries. */
export function bytesPerInode(inodes: number): number {
  const kernel = simulate(ram, {
    mount: { entryTimeout: 1e6, attributeTimeout: 1e6 },
    traceHash: false,
    filesystem: { inodes: 2 * inodes + 2 },
  });
  kernel.spawn(1, root);
  for (let i = 0; i < inodes; i++) {
    const directory = `/d${Math.floor(i / IN_ONE_DIRECTORY)}`;
    if (i % IN_ONE_DIRECTORY === 0) kernel.call(1, { op: 'mkdir', path: directory, mode: 0o755 });
    kernel.call(1, { op: 'mknod', path: `${directory}/f${i % IN_ONE_DIRECTORY}`, mode: S_IFREG | 0o644, rdev: 0 });
  }
  const cached = heapInUse();
  kernel.dropCaches();
  const dropped = heapInUse();
  kernel.close();
  return (cached - dropped) / inodes;
}
