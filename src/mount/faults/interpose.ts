import { LinkFaults, needsTime } from '../../fault/index.ts';
import type { Interpose, Interposer } from '../../fuse/device/index.ts';
import type { LinkHook } from '../../fuse/link-hook.ts';
import { Injector } from './injector.ts';
import { after } from './real.ts';
import { SharedState } from './shared-state.ts';

/** The faults of a device mount, where its requests are served. `data`: the memory of a `SharedState` that was written. */
export const interpose: Interpose = (data, say, tap): Interposer => {
  const shared = new SharedState(data as SharedArrayBuffer);
  const state = shared.changed();
  if (state === undefined) throw new Error('faults: expected a plan to be there before the mount');
  const injector = new Injector(state, true, say, (fault) => tap?.interfered?.(fault, performance.now()));
  const faults = new LinkFaults(injector.engine, { after, kernel: injector.kernel });
  const link: LinkHook = {
    armed: true,
    attach: (ends) => faults.attach(ends),
    request(message, length, deliver) {
      const changed = shared.changed();
      if (changed !== undefined) injector.change(changed);
      faults.request(message, length, deliver);
    },
    reply: (message, length, deliver) => faults.reply(message, length, deliver),
  };
  let timers = false;
  return {
    link,
    environment: (environment) => injector.environment(environment),
    filesystem(filesystem) {
      timers = filesystem.mode === 'async' || state.plan.rules.some(needsTime);
      return injector.filesystem(filesystem, timers ? true : 'at once', { serving: () => faults.serving });
    },
    bridge: () => injector.bridge(),
    needsEventLoop: () => timers,
    close() {
      faults.close();
      injector.close();
    },
  };
};
