import type { Credentials } from '../../vfs/index.ts';
import { errnoName, root } from '../../vfs/index.ts';
import { addressOf, libc } from './libc.ts';

export const isRoot = ({ uid, gid, groups }: Credentials): boolean => uid === 0 && gid === 0 && groups.length === 0;

/** arch/x86/entry/syscalls/syscall_64.tbl, and asm-generic/unistd.h for the others. */
const numbers =
  process.arch === 'x64'
    ? { setgroups: 116, setresuid: 117, setresgid: 119 }
    : { setgroups: 159, setresuid: 147, setresgid: 149 };

// The kernel's own calls change this thread, which makes all the others; the C library's would stop every thread for each.
function set(name: keyof typeof numbers, a: number | bigint, b: number | bigint, c: number, whose: Credentials): void {
  if (libc().syscall(numbers[name], a, b, c) < 0)
    throw new Error(`${name} for uid ${whose.uid}, gid ${whose.gid}: ${errnoName(libc().errno())}`);
}

// Outside of the function, so that it is there as long as the kernel reads it.
let groupList: Uint8Array;

/**
 * Gives this process the real and effective ids of a user. The saved ones stay root's, so that it can come back; without
 * an effective uid of 0 no capability is in force (capabilities(7)), and permission checks are the kernel's own.
 */
export function become(credentials: Credentials): void {
  const { uid, gid, groups } = credentials;
  groupList = new Uint8Array(Uint32Array.from(groups).buffer);
  set('setgroups', groups.length, addressOf(groupList), 0, credentials);
  set('setresgid', gid, gid, 0, credentials);
  set('setresuid', uid, uid, 0, credentials);
}

/** Root again, with no supplementary groups. */
export function becomeRoot(): void {
  set('setresuid', 0, 0, 0, root);
  set('setresgid', 0, 0, 0, root);
  set('setgroups', 0, 0, 0, root);
}
