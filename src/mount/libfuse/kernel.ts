import { deferred } from '../../fuse/device/deferred.ts';
import { Session } from '../../fuse/index.ts';
import { Choices, Scheduler, SimKernel, VirtualClock } from '../../sim/index.ts';
import { type Call, errnoNumbers, type FileSystem, root, type SysResult } from '../../vfs/index.ts';

/** The process on whose behalf every path operation runs: libfuse tells fuse-native nobody's ids. */
const SERVER_PID = 1;

/** Runs a system call of the server process; never throws or rejects. */
export type ServerCall = (call: Call) => SysResult | Promise<SysResult>;

/**
 * The simulated kernel as a path walk for libfuse: no caches (the kernel in front has them), no permission checks (libfuse
 * does not say whose call it is, and the kernel in front checks modes), real surroundings of the filesystem.
 */
export function hostKernel(
  filesystem: FileSystem,
  { maxWrite, report }: { maxWrite: number | undefined; report: (message: string, error?: unknown) => void },
): ServerCall {
  const scheduler = new Scheduler(new VirtualClock(), new Choices({}));
  let answered = deferred<void>();
  const kernel = new SimKernel(
    scheduler,
    (send) =>
      new Session(filesystem, {
        send(message, length) {
          const error = send(message, length);
          answered.resolve();
          return error;
        },
        report,
        maxWrite,
      }),
    {
      mount: { defaultPermissions: false, entryTimeout: 0, attributeTimeout: 0, negativeTimeout: 0 },
      traceHash: false,
      report,
      awaitHost() {
        answered = deferred();
        return answered.promise;
      },
    },
  );
  kernel.spawn(SERVER_PID, root, 0);
  const failed = (error: unknown): number => {
    report(error instanceof Error ? error.message : String(error), error);
    return -errnoNumbers.EIO;
  };
  return oneAfterAnother((call) => {
    try {
      const result = kernel.call(SERVER_PID, call);
      return result instanceof Promise ? result.catch(failed) : result;
    } catch (error) {
      return failed(error);
    }
  });
}

/** A process has one call at a time: while one waits for the filesystem's answer, those that come wait for it. */
function oneAfterAnother(run: ServerCall): ServerCall {
  let last: Promise<unknown> | undefined;
  return (call) => {
    const result = last === undefined ? run(call) : last.then(() => run(call));
    if (!(result instanceof Promise)) return result;
    last = result;
    void result.then(() => {
      if (last === result) last = undefined;
    });
    return result;
  };
}
