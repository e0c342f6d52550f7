import { type FileSystemStatistics, NAME_MAX, ROOT_NODE, type U64 } from '../../vfs/index.ts';
import type { Caller } from './caller.ts';
import type { Core } from './core.ts';
import type { Node } from './node.ts';

const BLOCK = 4096;

const blocks = (bytes: U64): number => Number(BigInt(bytes) / BigInt(BLOCK));
const count = (files: U64): number => Math.min(Number(files), Number.MAX_SAFE_INTEGER);

/** statfs(2) from FSSTAT, whose sizes are bytes; through the root where this client removed what is asked about. */
export async function freeSpace(core: Core, at: Node, caller: Caller): Promise<FileSystemStatistics> {
  const node = at.removed === undefined ? at : core.node(ROOT_NODE);
  const stat = await core.call(node, 'FSSTAT', { object: node.handle }, caller, ({ attributes }, sent) =>
    core.cache.acceptIfThere(node, attributes, sent),
  );
  return {
    bsize: BLOCK,
    frsize: BLOCK,
    blocks: blocks(stat.totalBytes),
    bfree: blocks(stat.freeBytes),
    bavail: blocks(stat.availableBytes),
    files: count(stat.totalFiles),
    ffree: count(stat.freeFiles),
    namelen: NAME_MAX,
  };
}
