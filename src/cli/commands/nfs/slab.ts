import { writeFileSync } from 'node:fs';
import { MountError } from '../../../mount/index.ts';
import { growSlab, mountedSlab, plot, type SlabSample } from '../../../scenarios/index.ts';
import { exitCode, parseOptions, UsageError, wholeNumber } from '../../usage.ts';

const FILES = 1_000_000;
const MOST = 100_000;
const MOUNTED_FILES = 100_000;

const help = `estale nfs slab [options]

The memory that files take which are only looked at: inodes and names in the kernel and nodes in the NFS client, without and with
reclaim, while one file after the other is stat'ed over a simulated network.

  --files N         files (default ${FILES.toLocaleString('en-US')})
  --most N          inodes for which there is memory, with reclaim (default ${MOST.toLocaleString('en-US')})
  --svg FILE        draw it
  --mount DIR       instead, on a FUSE mount: what the real kernel has in fuse_inode (default 100,000 files; root only)

Exit code: 0, 1 it could not be mounted, 2 usage error.`;

const mebibytes = ({ bytes }: SlabSample): number => bytes / 2 ** 20;

export async function run(args: string[]): Promise<number> {
  const { values } = parseOptions('nfs slab', args, {
    files: { type: 'string' },
    most: { type: 'string' },
    svg: { type: 'string' },
    mount: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  });
  if (values.help) {
    console.log(help);
    return exitCode.nothingFound;
  }
  if (values.mount !== undefined) {
    const { most, svg } = values;
    if (most !== undefined || svg !== undefined) throw new UsageError('nfs slab: --mount takes only --files besides');
    const count = values.files === undefined ? MOUNTED_FILES : wholeNumber('files', values.files, 1, 1_000_000);
    return measure(values.mount, count);
  }
  const files = values.files === undefined ? FILES : wholeNumber('files', values.files, 1, 10_000_000);
  const inodesMost = values.most === undefined ? MOST : wholeNumber('most', values.most, 10, 10_000_000);
  const without = await growSlab({ files });
  tell('without reclaim', without);
  const reclaimed = await growSlab({ files, inodesMost });
  tell('with reclaim', reclaimed);
  if (values.svg !== undefined) {
    const text = { title: 'nfs_inode_cache and dentry, as modelled', x: "files that were stat'ed", y: 'MiB' };
    const points = (samples: readonly SlabSample[]) =>
      samples.map((sample) => [sample.files, mebibytes(sample)] as const);
    const curves = [
      { label: 'without reclaim', colour: '#c0392b', points: points(without) },
      {
        label: `with reclaim above ${inodesMost.toLocaleString('en-US')} inodes`,
        colour: '#2471a3',
        points: points(reclaimed),
      },
    ];
    writeFileSync(values.svg, plot(text, curves));
  }
  return exitCode.nothingFound;
}

async function measure(directory: string, files: number): Promise<number> {
  try {
    const { before, after, unmounted } = await mountedSlab(directory, files);
    console.log(
      `fuse_inode: ${before} objects in use before, ${after} after ${files} files were looked at, ${unmounted} when the mount was gone`,
    );
    return exitCode.nothingFound;
  } catch (error) {
    if (!(error instanceof MountError)) throw error;
    console.error(`estale: ${error.message}`);
    return exitCode.found;
  }
}

function tell(title: string, samples: readonly SlabSample[]): void {
  const last = samples.at(-1);
  const most = samples.reduce((one, other) => (other.bytes > one.bytes ? other : one));
  if (last === undefined) return;
  const { files, inodes, dentries, nodes } = last;
  console.log(
    `${title}: after ${files} files ${inodes} inodes, ${dentries} names, ${nodes} nodes of the client; ${mebibytes(last).toFixed(1)} MiB, at most ${mebibytes(most).toFixed(1)} MiB`,
  );
}
