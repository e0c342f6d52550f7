const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Ctrl-C and its like, as an `AbortSignal`: what was begun is brought to an end. A second one does not wait. */
export interface Interrupt {
  readonly signal: AbortSignal;
  /** From now on signals do what they do by default. */
  stop(): void;
}

export function listenForInterrupt(): Interrupt {
  const controller = new AbortController();
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
  };
  for (const signal of signals) process.on(signal, interrupt);
  return {
    signal: controller.signal,
    stop() {
      for (const signal of signals) process.off(signal, interrupt);
    },
  };
}
