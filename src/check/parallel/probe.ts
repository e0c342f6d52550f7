import type { Missing } from '../probe.ts';
import { type Capability, capabilities } from '../profile.ts';
import { Hand, type HandOptions } from './hand.ts';
import { Limit } from './limit.ts';
import type { TargetSource } from './source.ts';

/** Does what `probe` does, in a thread of its own. What does not come back is for the programs to find, and not missing. */
export async function probeInThread(source: TargetSource, options: HandOptions = {}): Promise<readonly Missing[]> {
  const hand = new Hand({ source }, new Limit(), options);
  const missing: Missing[] = [];
  try {
    for (const capability of Object.keys(capabilities) as Capability[]) {
      const reply = await hand.ask('probe', { capability });
      if (reply.kind === 'answer' && reply.answer !== undefined) missing.push({ capability, reason: reply.answer });
    }
    return missing;
  } finally {
    await hand.end();
  }
}
