import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hostKernel } from '../check/host-kernel/index.ts';
import { KernelFailure } from '../check/kernel-failure.ts';
import { nodeEnvironment } from '../env/index.ts';
import { type FileSystemModule, type TapModule, within } from '../fuse/device/index.ts';
import { opcode } from '../fuse/protocol/index.ts';
import { type Mounted, type MountSettings, mount } from '../mount/index.ts';
import type { Configuration } from './configurations.ts';
import { type LoggedMessage, MessageLogReader } from './message-log.ts';
import type { Side } from './side.ts';
import { FILE_SIZE_LIMIT } from './simulated-side.ts';

const module: FileSystemModule = {
  module: new URL('./filesystem.ts', import.meta.url).href,
  exportName: 'directed',
};

const tap = new URL('./message-log.ts', import.meta.url).href;

/** Barriers in a row for forgets, too: after eight requests the device turns to those that wait (fuse_dev_do_read, fs/fuse/dev.c). */
const BARRIERS = 10;
const MILLISECONDS = 1000;
/** How long a mount that does not answer may take to say that it has ended, milliseconds. */
const END_LIMIT = 5000;
/** Where `pid` lies in fuse_in_header. */
const PID_WORD = 8;

/**
 * A filesystem that is mounted through FUSE, and real system calls on it. Nobody else uses the mount.
 *
 * @throws MountError, HostKernelError where there can be none here
 */
export async function realSide(
  { mount: options, filesystem }: Configuration,
  source: FileSystemModule = module,
): Promise<Side> {
  return await mountedSide((place, settings) =>
    mount({ ...source, options: filesystem }, place, { ...options, ...settings }),
  );
}

/** What a mount needs so that its messages can be followed. */
type Followed = Required<Pick<MountSettings, 'report'>> & { readonly tap: TapModule };

/** Real system calls on what `mountOn` mounts on a directory. Nobody else uses the mount. */
export async function mountedSide(
  mountOn: (place: string, settings: Followed) => Promise<Mounted>,
  foreign = false,
): Promise<Side> {
  const scratch = mkdtempSync(join(tmpdir(), 'estale-fidelity-'));
  const place = mkdtempSync(join(scratch, 'mount-'));
  const log = join(scratch, 'log');
  const reader = new MessageLogReader(log);
  const remove = (): void => {
    reader.close();
    rmSync(scratch, { recursive: true, force: true });
  };
  const mounted = await mountOn(place, { tap: { module: tap, data: log }, report: () => {} }).catch(
    (error: unknown) => {
      remove();
      throw error;
    },
  );
  const unmount = async (): Promise<void> => {
    await mounted.unmount();
    remove();
  };
  let ended = false;
  try {
    const kernel = hostKernel({ directory: place, fileSizeLimit: FILE_SIZE_LIMIT });
    return {
      name: 'real',
      kernel,
      foreign,
      async taken(atEnd) {
        try {
          return quiet(reader, place, atEnd ? BARRIERS : 1);
        } catch (error) {
          const closed = await within(END_LIMIT, mounted.closed);
          if (closed === 'late' || closed.reason !== 'failed') throw error;
          ended = true;
          throw new KernelFailure('the filesystem ended', closed.error.message);
        }
      },
      wait: (seconds) => new Promise((resolve) => void timers.after(seconds * MILLISECONDS, resolve)),
      async close() {
        try {
          kernel.close();
        } catch (error) {
          // What has ended cannot be emptied, and what a foreign daemon leaves goes with its directories.
          if (!ended && !foreign) throw error;
        } finally {
          await unmount();
        }
      },
    };
  } catch (error) {
    await unmount();
    throw error;
  }
}

const { timers } = nodeEnvironment();

/** What follows one another from a queue of its own (fuse_request_queue_background). */
const background: ReadonlySet<number> = new Set([opcode.READ, opcode.WRITE]);

/**
 * What was sent until nothing more comes. Requests are read in order: when one that is made now has been answered, those
 * before it were read.
 */
function quiet(reader: MessageLogReader, place: string, barriers: number): readonly LoggedMessage[] {
  const messages: LoggedMessage[] = [];
  for (let more = true; more; ) {
    for (let i = 0; i < barriers; i++) statfsSync(place);
    const own = new Set<string>();
    const news = reader.take().filter(({ fromKernel, message }) => {
      const unique = `${message.words[3]}:${message.words[2]}`;
      if (!fromKernel) return !own.has(unique);
      if (message.words[PID_WORD] !== process.pid) return true;
      own.add(unique);
      return false;
    });
    messages.push(...news);
    more = news.some(({ fromKernel, message }) => fromKernel && background.has(message.words[1]));
  }
  return messages;
}
