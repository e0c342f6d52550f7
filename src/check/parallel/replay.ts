import type { Conditions } from '../conditions.ts';
import type { RunFaults } from '../faults/run.ts';
import { failureOf, showHang } from '../hang.ts';
import type { Program } from '../program.ts';
import { Hand, type HandOptions } from './hand.ts';
import { Limit } from './limit.ts';
import type { Ran } from './orders.ts';
import type { TargetSource } from './source.ts';

export interface ThreadReplayOptions extends HandOptions {
  readonly conditions?: Conditions;
  readonly faults?: RunFaults;
}

/**
 * Runs one program in a thread of its own, and judges it to its first divergence or the final tree; a call that does not come
 * back is one. With `onLine` each call is told, with what is below it.
 */
export async function replayInThread(
  source: TargetSource,
  program: Program,
  { conditions, faults, ...options }: ThreadReplayOptions = {},
): Promise<Ran> {
  const hand = new Hand({ source }, new Limit(), options);
  try {
    const verbose = options.onLine !== undefined;
    const reply = await hand.ask('replay', { program, conditions, faults, verbose });
    if (reply.kind === 'answer') return reply.answer;
    const { hang } = reply;
    if (hang.attempt < 0) throw new Error(`a look at a fresh filesystem: ${showHang(hang)}`);
    return { calls: hang.judged, failure: failureOf(program, hang), rules: [] };
  } finally {
    await hand.end();
  }
}
