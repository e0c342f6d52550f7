import type { FileSystemFactory } from '../../../src/env/index.ts';
import { ram } from '../../../src/filesystems/index.ts';
import type { FileSystem } from '../../../src/vfs/index.ts';

const ANSWERED_AT_ONCE: ReadonlySet<string> = new Set(['forget', 'init', 'destroy']);

type Method = (...parameters: unknown[]) => unknown;

/**
 * The ram filesystem whose methods answer with promises: after `turns` of the promise queue, and after `wait(method)`
 * virtual milliseconds where that is given.
 */
export function deferredRam(turns: number, wait?: (method: string) => number): FileSystemFactory {
  return (environment, options) => {
    const filesystem = ram(environment, options);
    return new Proxy(filesystem, {
      get(target, key: keyof FileSystem) {
        const value = target[key];
        if (key === 'mode') return 'async';
        if (typeof value !== 'function') return value;
        const method = (value as Method).bind(target);
        if (ANSWERED_AT_ONCE.has(key)) return method;
        return async (...parameters: unknown[]) => {
          for (let i = 0; i < turns; i++) await undefined;
          const milliseconds = wait?.(key) ?? 0;
          if (milliseconds > 0) await new Promise<void>((resolve) => environment.timers.after(milliseconds, resolve));
          return method(...parameters);
        };
      },
    });
  };
}
