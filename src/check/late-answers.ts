import type { FileSystemFactory } from '../env/index.ts';
import { type Context, errno, type FileSystem } from '../vfs/index.ts';

const ANSWERED_AT_ONCE: ReadonlySet<string> = new Set(['forget', 'init', 'destroy']);

type Method = (...parameters: unknown[]) => unknown;

/** Virtual milliseconds that an answer takes, less than. */
const LATEST = 4;

const isContext = (value: unknown): value is Context =>
  typeof value === 'object' && value !== null && 'signal' in value;

/**
 * The same filesystem, with answers that are promises and come late, in an order that chance decides, as those of a
 * filesystem over a network do. What is interrupted before it begins is answered EINTR.
 */
export function lateAnswers(factory: FileSystemFactory): FileSystemFactory {
  return (environment, options) => {
    const { random, timers } = environment;
    const wait = (): Promise<void> | undefined => {
      const milliseconds = random.uint32() % LATEST;
      if (milliseconds === 0) return undefined;
      return new Promise((resolve) => timers.after(milliseconds, resolve));
    };
    return new Proxy(factory(environment, options), {
      get(target, key: keyof FileSystem) {
        const value = target[key];
        if (key === 'mode') return 'async';
        if (typeof value !== 'function') return value;
        const method = (value as Method).bind(target);
        if (ANSWERED_AT_ONCE.has(key)) return method;
        return async (...parameters: unknown[]) => {
          if (parameters.find(isContext)?.signal.aborted) return errno.EINTR;
          const answer = method(...parameters);
          await wait();
          return answer;
        };
      },
    });
  };
}
