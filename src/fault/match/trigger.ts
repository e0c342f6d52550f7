import type { KernelFaults } from '../kernel-faults.ts';
import type { Strike } from './engine.ts';
import type { FaultEvent } from './event.ts';

/** Carries out what an event sets off around it. What needs the link (a restart, a stale cache) is not done here. */
export function strikeAround(
  strike: Strike<'page-cache' | 'process' | 'clock'>,
  event: FaultEvent,
  kernel: KernelFaults = {},
): void {
  const fault = strike.rule.what;
  const { pid } = event;
  switch (fault.kind) {
    case 'kill':
    case 'interrupt':
      // Requests that the kernel makes by itself are nobody's.
      if (!pid) return;
      strike.injected(`process ${pid}`);
      if (fault.kind === 'kill') kernel.kill?.(pid);
      else kernel.interrupt?.(pid);
      return;
    case 'drop-pages':
      strike.injected();
      kernel.dropPages?.();
      return;
    case 'drop-dentries':
      strike.injected();
      kernel.dropDentries?.();
      return;
    case 'crash':
      strike.injected();
      kernel.crash?.();
      return;
    case 'jump':
      strike.injected(`${fault.ms} ms`);
      kernel.jump?.(fault.ms);
      return;
    case 'restart':
    case 'keep-stale':
      return;
  }
}
