import { errno } from '../../vfs/index.ts';

/** Waits for something that is under way anyway; rejects with EINTR when the caller is interrupted. */
export function interruptible<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const interrupt = (): void => reject(errno.EINTR);
    if (signal.aborted) interrupt();
    signal.addEventListener('abort', interrupt, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', interrupt));
  });
}
