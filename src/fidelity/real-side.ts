import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hostKernel } from '../check/host-kernel/index.ts';
import { nodeEnvironment } from '../env/index.ts';
import type { FileSystemModule } from '../fuse/device/index.ts';
import { opcode } from '../fuse/protocol/index.ts';
import { mount } from '../mount/index.ts';
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
/** Where `pid` lies in fuse_in_header. */
const PID_WORD = 8;

/**
 * A filesystem that is mounted through FUSE, and real system calls on it. Nobody else uses the mount.
 *
 * @throws MountError, HostKernelError where there can be none here
 */
export async function realSide(configuration: Configuration, source: FileSystemModule = module): Promise<Side> {
  const scratch = mkdtempSync(join(tmpdir(), 'estale-fidelity-'));
  const place = mkdtempSync(join(scratch, 'mount-'));
  const log = join(scratch, 'log');
  const reader = new MessageLogReader(log);
  const remove = (): void => {
    reader.close();
    rmSync(scratch, { recursive: true, force: true });
  };
  const mounting = mount({ ...source, options: configuration.filesystem }, place, {
    ...configuration.mount,
    tap: { module: tap, data: log },
    report: () => {},
  });
  const mounted = await mounting.catch((error: unknown) => {
    remove();
    throw error;
  });
  const unmount = async (): Promise<void> => {
    await mounted.unmount();
    remove();
  };
  try {
    const kernel = hostKernel({ directory: place, fileSizeLimit: FILE_SIZE_LIMIT });
    return {
      name: 'real',
      kernel,
      taken: async (ended) => quiet(reader, place, ended ? BARRIERS : 1),
      wait: (seconds) => new Promise((resolve) => void timers.after(seconds * MILLISECONDS, resolve)),
      async close() {
        try {
          kernel.close();
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
