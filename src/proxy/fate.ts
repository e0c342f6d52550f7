import type { OperationName, ReorderFault, RpcCallFault } from '../fault/index.ts';
import { spoil } from '../fault/match/corrupt.ts';
import type { Strike } from '../fault/match/engine.ts';
import { errnoFor } from '../fault/match/errno.ts';
import { milliseconds } from '../sim/duration.ts';
import type { Errno } from '../vfs/index.ts';

export type RpcStrike = Strike<'rpc-call' | 'rpc-reply'>;

/** What becomes of a message. */
export interface Fate {
  /** It goes on so many milliseconds later. */
  wait: number;
  /** Milliseconds after which copies follow. */
  readonly copies: number[];
  /** Others are to overtake it. */
  reorder: ReorderFault | undefined;
  /** It does not arrive. */
  lost: boolean;
}

/** What a fault does beside the fate of the message. What cannot be done answers undefined, and counts as no strike. */
export interface Acts {
  readonly operation: OperationName;
  /** Bytes of the file in the message, which a fault may spoil in place, and where in the file they are. */
  data(): { readonly bytes: Uint8Array; readonly offset: number } | undefined;
  /** The client gets this for an answer; gives its status. */
  answer(error: Errno): string | undefined;
  reset(): void;
  reconnect(): string | undefined;
  replay(fault: RpcCallFault & { readonly kind: 'replay' }): string | undefined;
}

/** Carries out strikes on a message, as far as they concern others than it; the rest is its fate. */
export function fateOf(strikes: readonly RpcStrike[], acts: Acts): Fate {
  const fate: Fate = { wait: 0, copies: [], reorder: undefined, lost: false };
  for (const strike of strikes) {
    const done = befall(fate, strike, acts);
    if (done !== undefined) strike.injected(done);
  }
  return fate;
}

/** What was done, in words. */
function befall(fate: Fate, strike: RpcStrike, acts: Acts): string | undefined {
  const fault = strike.rule.what;
  switch (fault.kind) {
    case 'delay': {
      const ms = milliseconds(fault.ms, strike.draw);
      fate.wait += ms;
      return `${ms} ms`;
    }
    case 'drop':
      fate.lost = true;
      return '';
    case 'duplicate':
      fate.copies.push(fault.ms ?? 0);
      return `${fault.ms ?? 0} ms later`;
    case 'reorder':
      fate.reorder = fault;
      return `by up to ${fault.window}`;
    case 'bit-flip':
    case 'range':
    case 'zero-sector': {
      const data = acts.data();
      return data && spoil(fault, data.bytes, data.offset, strike);
    }
    case 'errno': {
      const error = errnoFor(fault, acts.operation, strike);
      const status = error && acts.answer(error);
      // The server is not asked.
      if (strike.rule.where === 'rpc-call') fate.lost ||= status !== undefined;
      return status;
    }
    case 'reset':
      fate.lost = true;
      acts.reset();
      return '';
    case 'reconnect': {
      const done = acts.reconnect();
      // A reply is lost with its connection.
      if (strike.rule.where === 'rpc-reply') fate.lost ||= done !== undefined;
      return done;
    }
    case 'replay':
      return acts.replay(fault);
  }
}
