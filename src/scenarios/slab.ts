import { World } from './world.ts';

/** Bytes of an object of the slab caches nfs_inode_cache and dentry (/proc/slabinfo, Linux 6.x on x86-64). */
const NFS_INODE_BYTES = 1064;
const DENTRY_BYTES = 192;

/** What a client's kernel and client have in memory after so many files were looked at. */
export interface SlabSample {
  readonly files: number;
  readonly inodes: number;
  readonly dentries: number;
  /** Nodes with their handles in the NFS client. */
  readonly nodes: number;
  /** Bytes that Linux would have in nfs_inode_cache and dentry. */
  readonly bytes: number;
}

export interface SlabOptions {
  /** Files that are looked at, in directories of 1,000. */
  readonly files: number;
  /** Inodes for which there is memory; without it nothing is freed. */
  readonly inodesMost?: number;
  /** How often is looked. Default 100. */
  readonly samples?: number;
}

const IN_DIRECTORY = 1000;

/** Looks at files, each once, and watches the modelled slab. */
export async function growSlab({ files, inodesMost, samples = 100 }: SlabOptions): Promise<readonly SlabSample[]> {
  const world = await World.create(
    { ...(inodesMost === undefined ? {} : { inodesMost }), serverInodes: files + files / IN_DIRECTORY + 100 },
    { seed: 1, clients: 1, remedied: inodesMost !== undefined, disarmed: false, quiet: 'wire' },
  );
  const { kernel, filesystem } = world.client('a');
  const a = world.program('a');
  const every = Math.max(1, Math.floor(files / samples));
  const found: SlabSample[] = [];
  for (let i = 0; i < files; i++) {
    const directory = `d${Math.floor(i / IN_DIRECTORY)}`;
    if (i % IN_DIRECTORY === 0) world.makeFiles(directory, Math.min(IN_DIRECTORY, files - i));
    const size = await a.field(`/${directory}/file-${String(i % IN_DIRECTORY).padStart(4, '0')}`, 'size');
    if (size !== 0) throw new Error(`file ${i}: expected an empty file, given ${size}`);
    await world.squeeze('a');
    if ((i + 1) % every !== 0) continue;
    const [inodes, dentries] = [kernel.cachedInodes, kernel.cachedDentries];
    const bytes = inodes * NFS_INODE_BYTES + dentries * DENTRY_BYTES;
    found.push({ files: i + 1, inodes, dentries, nodes: filesystem.nodeCount, bytes });
  }
  await world.close();
  return found;
}
