import { Session } from '../../fuse/index.ts';
import { Choices, Scheduler, SimKernel, VirtualClock } from '../../sim/index.ts';
import { type FileSystem, type Kernel, root } from '../../vfs/index.ts';
import { SERVER_PID } from './operations.ts';

/**
 * The simulated kernel as a path walk for libfuse: no caches (the kernel in front has them), no permission checks (libfuse
 * does not say whose call it is, and the kernel in front checks modes), real surroundings of the filesystem.
 */
export function hostKernel(
  filesystem: FileSystem,
  { maxWrite, report }: { maxWrite: number | undefined; report: (message: string, error?: unknown) => void },
): Kernel {
  const scheduler = new Scheduler(new VirtualClock(), new Choices({}));
  const kernel = new SimKernel(scheduler, (send) => new Session(filesystem, { send, report, maxWrite }), {
    mount: { defaultPermissions: false, entryTimeout: 0, attributeTimeout: 0, negativeTimeout: 0 },
    traceHash: false,
    report,
  });
  kernel.spawn(SERVER_PID, root, 0);
  return kernel;
}
