import { readFileSync } from 'node:fs';
import type { FileSystemFactory } from '../env/index.ts';
import { Message } from '../fuse/message.ts';
import { createSimulation } from '../sim/index.ts';
import type { Configuration } from './configurations.ts';
import { directed } from './filesystem.ts';
import type { LoggedMessage } from './message-log.ts';
import type { Side } from './side.ts';

const isSet = (name: string): boolean => readFileSync(`/proc/sys/fs/${name}`, 'utf8').trim() !== '0';

/** RLIMIT_FSIZE of the host kernel's processes. */
export const FILE_SIZE_LIMIT = 2 ** 30;

/** A filesystem in the simulated kernel, which is set up as the host's is. */
export async function simulatedSide(
  { mount, filesystem }: Configuration,
  factory: FileSystemFactory = directed,
): Promise<Side> {
  let messages: LoggedMessage[] = [];
  const { kernel } = createSimulation(factory, {
    mount: {
      ...mount,
      protectedHardlinks: isSet('protected_hardlinks'),
      protectedSymlinks: isSet('protected_symlinks'),
    },
    filesystem,
    traceHash: false,
    // What the kernel refuses of a notification, both sides see.
    report: () => {},
    fileSizeLimit: FILE_SIZE_LIMIT,
    observe: (fromKernel, { bytes }, length) => {
      const message = new Message(length);
      message.bytes.set(bytes.subarray(0, length));
      messages.push({ fromKernel, message, length });
    },
  });
  return {
    name: 'simulated',
    kernel,
    async taken() {
      const taken = messages;
      messages = [];
      return taken;
    },
    async wait(seconds) {
      kernel.scheduler.advance(seconds * 1e9);
    },
    close: async () => kernel.close(),
  };
}
