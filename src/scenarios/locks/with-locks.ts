import { errno, type FileLock, type FileSystem, type Handle, type NodeId, type U64 } from '../../vfs/index.ts';
import type { LockManager } from './lock-manager.ts';

/** A client's filesystem whose POSIX locks are those of a lock manager, by inode number. */
export function withLocks(filesystem: FileSystem, manager: LockManager, host: string): FileSystem {
  const setlk: NonNullable<FileSystem['setlk']> = async (node, fh, lock, owner, _wait, context) => {
    const attributes = await filesystem.getattr(node, fh, context);
    if (!('ino' in attributes)) return attributes;
    return (await manager.set(host, attributes.ino, lock, owner)) ? undefined : errno.EAGAIN;
  };
  const getlk = (_node: NodeId, _fh: Handle, lock: FileLock, _owner: U64) => ({ ...lock, type: 'unlock' as const });
  const wishes = { ...filesystem.wishes, posixLocks: true };
  const own: Readonly<Record<PropertyKey, unknown>> = { setlk, getlk, wishes };
  return new Proxy(filesystem, {
    get(target, key) {
      if (Object.hasOwn(own, key)) return own[key];
      const value: unknown = Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
