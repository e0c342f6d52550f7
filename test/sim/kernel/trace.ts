import type { FileSystemFactory } from '../../../src/env/index.ts';
import { ram } from '../../../src/filesystems/index.ts';
import { isNotification, opcodeName } from '../../../src/fuse/protocol/index.ts';
import { createSimulation, type SimulateOptions, type Simulation } from '../../../src/sim/index.ts';
import { type Call, type Credentials, errnoName, isError, root, type SysResult } from '../../../src/vfs/index.ts';

/** The ram filesystem that asks for nothing at INIT, so that the kernel does everything itself. */
export const plainRam: FileSystemFactory = (environment, options) =>
  Object.defineProperty(ram(environment, options), 'wishes', { value: {} });

export const user = (uid: number, ...groups: number[]): Credentials => ({ uid, gid: uid, groups });

/** A simulation whose calls can be written shortly and whose requests are listed by name. */
export interface Traced extends Simulation {
  /** Names of the requests since the last reading, in the order in which the daemon read them. */
  requests(): string[];
  /** Calls as process 1, which is root's, or another; an error is its name. */
  call(call: Call, pid?: number): unknown;
  /** The same, and the requests that it made. */
  traced(call: Call, pid?: number): string[];
}

/** The result as tests like to compare it: the name of an errno, text for bytes. */
export function plain(result: SysResult): unknown {
  if (isError(result)) return errnoName(-result);
  return result instanceof Uint8Array ? Buffer.from(result).toString() : result;
}

export function traced(options: SimulateOptions = {}, factory: FileSystemFactory = ram): Traced {
  let seen: string[] = [];
  const simulation = createSimulation(factory, {
    report: (problem, error) => {
      throw new Error(problem, { cause: error });
    },
    ...options,
    observe: (fromKernel, message, length) => {
      options.observe?.(fromKernel, message, length);
      if (fromKernel) seen.push(`${opcodeName(message.words[1])}`);
      else if (isNotification(message)) seen.push(`notification ${message.words[1]}`);
    },
  });
  const { kernel } = simulation;
  kernel.spawn(1, root);
  const requests = (): string[] => {
    const names = seen;
    seen = [];
    return names;
  };
  requests();
  const call = (what: Call, pid = 1): unknown => {
    const result = kernel.call(pid, what);
    return result instanceof Promise ? result.then(plain) : plain(result);
  };
  return {
    ...simulation,
    requests,
    call,
    traced: (what, pid) => {
      requests();
      call(what, pid);
      return requests();
    },
  };
}

/** The whole content of a file, read by process 1. */
export function contentOf(sim: Traced, path: string): unknown {
  const fd = sim.call({ op: 'open', path, flags: 0, mode: 0 });
  if (typeof fd !== 'number') return fd;
  const data = sim.call({ op: 'pread', fd, size: 1 << 20, offset: 0 });
  sim.call({ op: 'close', fd });
  return data;
}
