import { DaemonKernel } from '../check/daemon/kernel.ts';
import type { DaemonSource } from '../fuse/socket/index.ts';
import { mountDaemon } from '../mount/index.ts';
import { OFFERED_FLAGS } from '../sim/kernel/index.ts';
import type { Configuration } from './configurations.ts';
import { corpus } from './corpus/index.ts';
import type { Case, Sides } from './fidelity.ts';
import { mountedSide } from './real-side.ts';
import { readScript } from './script.ts';
import type { Side } from './side.ts';
import { FILE_SIZE_LIMIT, hostSettings, Messages } from './simulated-side.ts';

/** Milliseconds that one request may take. */
const PATIENCE = 10_000;

/** How foreign daemons are mounted: what the kernel decides about. The rest they decide by themselves. */
export const daemonConfiguration: Configuration = {
  name: 'daemon',
  mount: { allowOther: true, defaultPermissions: true },
  filesystem: {},
};

/** What a script tells our own filesystem to do. */
const ORDER = /^\s*daemon /m;

/** The scripts of the corpus that any filesystem may stand behind, or those of them that are named. */
export function daemonCases(scripts?: ReadonlySet<string>): readonly Case[] {
  return corpus
    .filter(({ configurations }) => !configurations.includes('read-only'))
    .flatMap((group) => Object.entries(group.scripts))
    .filter(([title, text]) => !ORDER.test(text) && (scripts?.has(title) ?? true))
    .map(([title, text]) => ({
      script: readScript(title, text),
      configuration: daemonConfiguration,
      mount: daemonConfiguration.name,
    }));
}

/**
 * A foreign daemon behind either kernel, each time another process that starts from what its setup makes anew: mounted, with its
 * bytes passing through this process, and behind the simulated kernel. Nothing is spliced on either side. The source is the
 * caller's to close.
 */
export function daemonSides(source: DaemonSource): Sides {
  return {
    real: ({ mount }) =>
      mountedSide((place, settings) => mountDaemon(source, place, { ...mount, ...settings }, PATIENCE), true),
    simulated: ({ mount }) => simulatedDaemon(source, mount),
  };
}

async function simulatedDaemon(source: DaemonSource, mount: Configuration['mount']): Promise<Side> {
  const messages = new Messages();
  const { defaultPermissions, readOnly, maxRead } = mount;
  const kernel = await DaemonKernel.mount(await source.start(), {
    // As on the mount, the kernel offers to splice, and the daemon does not hear of it.
    mount: { defaultPermissions, readOnly, maxRead, ...hostSettings(), offeredFlags: OFFERED_FLAGS },
    patience: PATIENCE,
    fileSizeLimit: FILE_SIZE_LIMIT,
    trace: undefined,
    observe: (fromKernel, message, length) => messages.observe(fromKernel, message, length),
    link: undefined,
    report: () => {},
    onSilence: () => {},
  });
  return {
    name: 'simulated',
    kernel,
    foreign: true,
    async taken() {
      if (kernel.failure !== undefined) throw kernel.failure;
      return messages.take();
    },
    wait: async (seconds) => kernel.wait(seconds),
    close: () => kernel.close(),
  };
}
