/** A mount, as the end of the process sees it. */
export interface Ending {
  unmount(): Promise<void>;
  /** The same without waiting for the event loop. */
  unmountNow(): void;
  /** SIGINT, SIGTERM and SIGHUP are somebody else's business. */
  readonly ignoresSignals?: boolean;
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
type EndingSignal = (typeof signals)[number];

const endings = new Set<Ending>();
let ending = false;

/** Unmounts when the process exits or is told to by a signal, until the returned function is called. */
export function unmountAtEnd(mount: Ending): () => void {
  if (endings.size === 0) {
    process.on('exit', onExit);
    for (const signal of signals) process.on(signal, onSignal);
  }
  endings.add(mount);
  return () => {
    if (!endings.delete(mount) || endings.size > 0) return;
    process.off('exit', onExit);
    for (const signal of signals) process.off(signal, onSignal);
  };
}

function onExit(): void {
  // The last first: a mount may lie inside an earlier one.
  for (const mount of [...endings].reverse()) mount.unmountNow();
}

/** The second signal does not wait. If nobody else listens, the signal then does to the process what it does by default. */
function onSignal(signal: EndingSignal): void {
  const others = process.listenerCount(signal) > 1;
  if (ending) {
    if (others) onExit();
    else process.exit(128 + signalNumbers[signal]);
    return;
  }
  const finish = () => {
    ending = false;
    if (others) return;
    if (endings.size === 0) process.kill(process.pid, signal);
    else process.exit(128 + signalNumbers[signal]);
  };
  ending = true;
  const concerned = [...endings].filter(({ ignoresSignals }) => !ignoresSignals);
  void Promise.allSettled(concerned.map((mount) => mount.unmount())).then(finish);
}

const signalNumbers: Readonly<Record<EndingSignal, number>> = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 };
