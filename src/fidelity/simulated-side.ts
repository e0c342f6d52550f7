import { readFileSync } from 'node:fs';
import type { FileSystemFactory } from '../env/index.ts';
import { Message } from '../fuse/message.ts';
import { createSimulation } from '../sim/index.ts';
import type { MountOptions } from '../sim/kernel/index.ts';
import type { Configuration } from './configurations.ts';
import { directed } from './filesystem.ts';
import type { LoggedMessage } from './message-log.ts';
import type { Side } from './side.ts';

const isSet = (name: string): boolean => readFileSync(`/proc/sys/fs/${name}`, 'utf8').trim() !== '0';

/** RLIMIT_FSIZE of the host kernel's processes. */
export const FILE_SIZE_LIMIT = 2 ** 30;

/** Collects messages; each as it was then. */
export class Messages {
  #messages: LoggedMessage[] = [];

  observe(fromKernel: boolean, { bytes }: Message, length: number): void {
    const message = new Message(length);
    message.bytes.set(bytes.subarray(0, length));
    this.#messages.push({ fromKernel, message, length });
  }

  /** Those that came since it was last called. */
  take(): readonly LoggedMessage[] {
    const taken = this.#messages;
    this.#messages = [];
    return taken;
  }
}

/** What the host's kernel is set to. */
export const hostSettings = (): MountOptions => ({
  protectedHardlinks: isSet('protected_hardlinks'),
  protectedSymlinks: isSet('protected_symlinks'),
});

/** A filesystem in the simulated kernel, which is set up as the host's is. */
export async function simulatedSide(
  { mount, filesystem }: Configuration,
  factory: FileSystemFactory = directed,
): Promise<Side> {
  const messages = new Messages();
  const { kernel } = createSimulation(factory, {
    mount: { ...mount, ...hostSettings() },
    filesystem,
    traceHash: false,
    // What the kernel refuses of a notification, both sides see.
    report: () => {},
    fileSizeLimit: FILE_SIZE_LIMIT,
    observe: (fromKernel, message, length) => messages.observe(fromKernel, message, length),
  });
  return {
    name: 'simulated',
    kernel,
    foreign: false,
    taken: async () => messages.take(),
    async wait(seconds) {
      kernel.scheduler.advance(seconds * 1e9);
    },
    close: async () => kernel.close(),
  };
}
