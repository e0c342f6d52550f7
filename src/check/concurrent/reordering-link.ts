import { Message } from '../../fuse/message.ts';
import type { LinkHook, Scheduler } from '../../sim/index.ts';

const UNIQUE = 2;
const PID = 8;

/**
 * A link on which replies to processes are events of their own, so that they arrive in whatever order is chosen. What nobody
 * waits for passes at once.
 */
export function reorderingLink(scheduler: Scheduler): LinkHook {
  /** By unique: whose request, and its how many-th. */
  const asked = new Map<number, string>();
  const counts = new Map<number, number>();
  return {
    armed: true,
    request: (message, length, deliver) => {
      const pid = message.words[PID];
      if (pid !== 0) {
        const count = (counts.get(pid) ?? 0) + 1;
        counts.set(pid, count);
        asked.set(message.words[UNIQUE], `reply.${pid}.${count}`);
      }
      deliver(message, length);
    },
    reply: (message, length, deliver) => {
      const unique = message.words[UNIQUE];
      const label = asked.get(unique);
      if (label === undefined) return deliver(message, length);
      asked.delete(unique);
      const copy = new Message(length);
      copy.bytes.set(message.bytes.subarray(0, length));
      scheduler.makeReady({ label, run: () => void deliver(copy, length) });
      return 0;
    },
  };
}
