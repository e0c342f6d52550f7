import { type Call, isError, type Kernel, O_DIRECTORY, O_RDONLY, type SysResult } from '../../vfs/index.ts';
import { OBSERVER } from '../program.ts';

const XATTRS = 65536;

/** What a filesystem says is in use. */
export interface Usage {
  readonly inodes: number;
  readonly blocks: number;
}

/** statfs(2) of the root; undefined where the filesystem says nothing. */
export async function usageOf(kernel: Kernel): Promise<Usage | undefined> {
  const answer = await kernel.call(OBSERVER.pid, { op: 'statfs', path: '/' });
  if (typeof answer !== 'object' || !('ffree' in answer)) return undefined;
  return { inodes: answer.files - answer.ffree, blocks: answer.blocks - answer.bfree };
}

/** Whether the root directory has no entries. */
export const isEmpty = async (kernel: Kernel): Promise<boolean> => (await list(callsOn(kernel), '')).length === 0;

/** Removes all that is in the root, and the root's extended attributes; false where something stays. */
export async function empty(kernel: Kernel): Promise<boolean> {
  const call = callsOn(kernel);
  const remove = async (directory: string): Promise<boolean> => {
    for (const name of await list(call, directory)) {
      const path = `${directory}/${name}`;
      if (!isError(await call({ op: 'unlink', path }))) continue;
      if (!(await remove(path)) || isError(await call({ op: 'rmdir', path }))) return false;
    }
    return true;
  };
  const xattrs = await call({ op: 'listxattr', path: '/', size: XATTRS });
  if (Array.isArray(xattrs))
    for (const name of xattrs as readonly string[]) await call({ op: 'removexattr', path: '/', name });
  return (await remove('')) && (await isEmpty(kernel));
}

type Caller = (call: Call) => Promise<SysResult>;

const callsOn =
  (kernel: Kernel): Caller =>
  async (call) =>
    await kernel.call(OBSERVER.pid, call);

async function list(call: Caller, directory: string): Promise<readonly string[]> {
  const path = directory === '' ? '/' : directory;
  const fd = await call({ op: 'open', path, flags: O_RDONLY | O_DIRECTORY, mode: 0 });
  if (typeof fd !== 'number' || isError(fd)) return [];
  const names: string[] = [];
  for (;;) {
    const entries = await call({ op: 'getdents', fd, size: 32768 });
    if (!Array.isArray(entries) || entries.length === 0) break;
    for (const { name } of entries as readonly { readonly name: string }[])
      if (name !== '.' && name !== '..') names.push(name);
  }
  await call({ op: 'close', fd });
  return names;
}
