import { filesystems } from '../../filesystems/index.ts';
import { MountError, parseMountOptions, runMount } from '../../mount/index.ts';
import { mountLibfuse } from '../../mount/libfuse/channel.ts';
import { listNfsOptions, nfsClientModule } from '../../nfs/index.ts';
import { isNfsUrl, nfsOptions, probeExport, withNfsOptions } from '../nfs.ts';
import { readPlan } from '../plan.ts';
import { exitCode, parseOptions, UsageError } from '../usage.ts';

const channels = ['device', 'libfuse'] as const;

const help = `estale mount <filesystem> <dir> [options]

Mounts a filesystem through FUSE until it is unmounted (umount <dir>) or Ctrl-C. Filesystems: ram, hello, loopback:DIR,
journal:FILE (docs/journal.md), volatile:ram (which loses unsynced data when a fault cuts its power, docs/crashes.md), an
export of an NFSv3 server (nfs://HOST/EXPORT?port=P, docs/nfs-client.md), or the path of a module (./mine.js) whose default
export is a factory.

  --channel C       device: /dev/fuse itself (default); libfuse: fuse-native, see docs/libfuse.md
  --faults PLAN     injects the faults of a plan (YAML or JSON, docs/faults.md); estale fault DIR changes them
  -v, --verbose     tell every fault that is injected
  -o OPTIONS        allow_other,default_permissions,ro,direct_io,entry_timeout=S,attr_timeout=S,negative_timeout=S,
                    max_read=N,max_write=N,fsname=NAME; with nfs: those of nfs(5) too, soft,timeo=10,noac,... in docs/nfs-client.md
  --record FILE     write every request, reply and notification to FILE (device channel), for estale trace and replay
  --force           write over a FILE that is there

Exit code: 0 unmounted, 1 it could not be mounted or broke, 2 usage error.`;

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseOptions('mount', args, {
    channel: { type: 'string' },
    faults: { type: 'string' },
    verbose: { type: 'boolean', short: 'v' },
    options: { type: 'string', short: 'o', multiple: true },
    record: { type: 'string' },
    force: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  });
  if (values.help) {
    console.log(help);
    return exitCode.nothingFound;
  }
  const [filesystem, directory] = positionals;
  if (positionals.length !== 2)
    throw new UsageError(
      `mount: expected a filesystem (${Object.keys(filesystems).join(', ')}, ./module.js) and a directory, given ${positionals.join(' ') || 'nothing'}`,
    );
  const channel = channels.find((name) => name === (values.channel ?? 'device'));
  if (channel === undefined)
    throw new UsageError(`--channel: expected ${channels.join(' or ')}, given "${values.channel}"`);
  const { source, options } = await sourceOf(filesystem, values.options?.join(','));
  return runMount({
    filesystem: source,
    directory,
    options,
    channel,
    channels: { libfuse: mountLibfuse },
    record: values.record === undefined ? undefined : { file: values.record, force: values.force, target: filesystem },
    faults: values.faults === undefined ? undefined : readPlan(values.faults),
    verbose: values.verbose,
    registry: { ...filesystems, nfs: nfsClientModule },
    print: console.log,
    complain: console.error,
  });
}

/** The kernel keeps nothing of an NFS mount for any time, unless it is told: what is kept is the client's to decide. */
const kernelKeepsNothing = 'entry_timeout=0,attr_timeout=0,negative_timeout=0';

/** What is mounted, and the kernel's options of it. @throws UsageError for an export that cannot be mounted */
async function sourceOf(
  filesystem: string,
  options: string | undefined,
): Promise<{ readonly source: string; readonly options: string | undefined }> {
  if (!isNfsUrl(filesystem)) return { source: filesystem, options };
  const { url, others } = withNfsOptions(filesystem, options ?? '');
  refuseUnknown(others);
  const exported = nfsOptions(url);
  await probeExport(exported);
  return { source: url, options: `${kernelKeepsNothing},fsname=${exported.host}:${exported.path},${others}` };
}

/** @throws UsageError for what is neither an option of the mount nor one of the client */
function refuseUnknown(others: string): void {
  try {
    parseMountOptions(others);
  } catch (error) {
    if (!(error instanceof MountError)) throw error;
    throw new UsageError(`${error.message}; and of nfs: ${listNfsOptions().join(', ')}`);
  }
}
