import type { Credentials } from '../../vfs/index.ts';
import { errnoName, root } from '../../vfs/index.ts';
import { libc } from './libc.ts';

export const isRoot = ({ uid, gid, groups }: Credentials): boolean => uid === 0 && gid === 0 && groups.length === 0;

function check(result: number, what: string, credentials: Credentials): void {
  if (result < 0)
    throw new Error(`${what} for uid ${credentials.uid}, gid ${credentials.gid}: ${errnoName(libc().errno())}`);
}

/**
 * Gives this process the real and effective ids of a user. The saved ones stay root's, so that it can come back; without
 * an effective uid of 0 no capability is in force (capabilities(7)), and permission checks are the kernel's own.
 */
export function become(credentials: Credentials): void {
  const c = libc();
  const groups = Buffer.alloc(Math.max(4, credentials.groups.length * 4));
  credentials.groups.forEach((gid, i) => {
    groups.writeUInt32LE(gid, i * 4);
  });
  check(c.setgroups(credentials.groups.length, groups), 'setgroups', credentials);
  check(c.setresgid(credentials.gid | 0, credentials.gid | 0, 0), 'setresgid', credentials);
  check(c.setresuid(credentials.uid | 0, credentials.uid | 0, 0), 'setresuid', credentials);
}

/** Root again, with no supplementary groups. */
export function becomeRoot(): void {
  const c = libc();
  check(c.setresuid(0, 0, 0), 'setresuid', root);
  check(c.setresgid(0, 0, 0), 'setresgid', root);
  check(c.setgroups(0, null), 'setgroups', root);
}
