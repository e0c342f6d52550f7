import { HostedKernel, nfsModel, reusingTarget } from '../check/index.ts';
import { nodeEnvironment } from '../env/index.ts';
import { isNfsOption, NfsClient, type NfsClientOptions, nfsWithout, parseNfsUrl } from '../nfs/index.ts';
import { errnoFrom } from '../vfs/index.ts';
import type { OpenTarget } from './targets.ts';
import { UsageError } from './usage.ts';

/** Tenths of a second that a server may take for a first answer. */
const FIRST_ANSWER = 50;

/** Whether a word of the command line means an export of a server. */
export const isNfsUrl = (word: string): boolean => word.startsWith('nfs:');

/** A URL with the words of -o that are the client's in it, and the other words. */
export function withNfsOptions(url: string, options: string): { readonly url: string; readonly others: string } {
  const words = options.split(',').filter((word) => word !== '');
  const own = words.filter(isNfsOption);
  const query = own.length === 0 ? '' : `${url.includes('?') ? '&' : '?'}${own.join('&')}`;
  return { url: url + query, others: words.filter((word) => !isNfsOption(word)).join(',') };
}

/** @throws UsageError that says what is wrong with it */
export function nfsOptions(url: string): NfsClientOptions {
  try {
    return parseNfsUrl(url);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** Sees whether a server exports what is to be mounted. @throws UsageError that says what to do where it does not */
export async function probeExport(options: NfsClientOptions): Promise<void> {
  const client = new NfsClient(
    { ...nodeEnvironment(), warn: () => {} },
    { ...options, recovery: 'soft', timeo: FIRST_ANSWER, retrans: 0 },
  );
  const { host, path, port, mountport } = options;
  // Timers of a filesystem keep no process alive.
  const alive = setInterval(() => {}, 1000);
  try {
    await client.mount();
  } catch (error) {
    const code = errnoFrom(error)?.code;
    if (code === undefined) throw error;
    const why =
      code === 'EIO'
        ? `no answer from port ${mountport} (MOUNT) or ${port} (NFS); name them: nfs://${host}${path}?port=P&mountport=Q`
        : `the server refuses it (${code}); see its exports`;
    throw new UsageError(`nfs://${host}${path}: ${why}`);
  } finally {
    clearInterval(alive);
    client.destroy();
  }
}

/** Its clock is the one that calls are timed with. */
const isThisHost = (host: string): boolean => host === 'localhost' || host === '::1' || host.startsWith('127.');

/**
 * Any NFSv3 server as a target, through the client: every program starts with an empty export.
 *
 * @throws UsageError where it cannot be mounted, or is not empty and `erase` is not given
 */
export async function nfsTarget(url: string, erase: boolean): Promise<OpenTarget> {
  const given = nfsOptions(url);
  await probeExport(given);
  // Data at once, for its times; and nothing to see of unlinked files.
  const through = /[?&]writes=/.test(url) ? {} : { writes: 'through' as const };
  const options: NfsClientOptions = { ...given, ...through, habits: { ...given.habits, sillyRename: 'aside' } };
  const kernel = new HostedKernel(url, new NfsClient(nodeEnvironment(), options));
  if (erase) await kernel.reset();
  if (kernel.isSpent() || !(await kernel.isEmpty())) {
    await kernel.close();
    const why = erase
      ? 'what is in it cannot be removed'
      : 'there is something in it; --erase removes it, as it does what each program makes';
    throw new UsageError(`${url}: expected an empty export, ${why}`);
  }
  const without = new Set(nfsWithout);
  const target = reusingTarget(kernel, {
    name: url,
    without,
    model: nfsModel(isThisHost(options.host) ? 'access-times' : 'times'),
  });
  return { target, probe: true, close: () => target.close() };
}
