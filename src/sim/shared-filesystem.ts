import type { FileSystem } from '../vfs/index.ts';

type Method = (...parameters: unknown[]) => unknown;

/** A filesystem that several sessions serve: it is initialised by the first, and destroyed with the last. */
export function sharedFileSystem(filesystem: FileSystem, sessions: number): FileSystem {
  let initialised = 0;
  let destroyed = 0;
  const methods = new Map<PropertyKey, Method>();
  const own: Readonly<Partial<Record<PropertyKey, Method>>> = {
    init: (...parameters) => {
      initialised += 1;
      return initialised === 1 ? (filesystem.init as Method | undefined)?.apply(filesystem, parameters) : undefined;
    },
    destroy: () => {
      destroyed += 1;
      return destroyed === sessions ? filesystem.destroy?.() : undefined;
    },
  };
  return new Proxy(filesystem, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      if (own[key] !== undefined) return own[key];
      if (typeof value !== 'function') return value;
      let method = methods.get(key);
      if (method === undefined) {
        method = (value as Method).bind(target);
        methods.set(key, method);
      }
      return method;
    },
  });
}
