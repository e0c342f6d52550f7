import { createRequire } from 'node:module';
import { FsKernel } from './fs-kernel.ts';
import type { FsKernelOptions } from './node-fs.ts';

const id = () => 0;

/**
 * A kernel on a fresh memfs volume whose files belong to root, whoever runs this: memfs takes owners and permission checks
 * from `getuid` and `getgid`, partly of the process object it is given, partly of the global one.
 */
export function memfsKernel(options: FsKernelOptions): FsKernel {
  // It is loaded here, because no other kernel needs it.
  const { createFsFromVolume, Volume }: typeof import('memfs') = createRequire(import.meta.url)('memfs');
  const volume = Volume.fromNestedJSON({}, '/', {
    process: { cwd: () => '/', platform: 'linux', emitWarning: () => {}, env: {}, getuid: id, getgid: id },
  });
  const wrap = options.wrap ?? ((use) => use());
  return new FsKernel(createFsFromVolume(volume), {
    name: 'memfs',
    ...options,
    wrap: (use) => asRoot(() => wrap(use)),
  });
}

function asRoot<T>(use: () => T): T {
  const { process: host } = globalThis;
  if (host.getuid?.() === 0 && host.getgid?.() === 0) return use();
  const { getuid, getgid } = host;
  host.getuid = id;
  host.getgid = id;
  try {
    return use();
  } finally {
    host.getuid = getuid;
    host.getgid = getgid;
  }
}
