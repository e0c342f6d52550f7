import type { FaultEvent } from '../match/event.ts';
import type { NameChange } from './names.ts';
import type { Packet } from './packet.ts';

/** A request that the daemon has and that is not answered, as far as its reply needs it. */
export interface Exchange {
  readonly event: FaultEvent & { readonly where: 'link-request' };
  readonly names: NameChange | undefined;
  /** Bytes of results that the kernel takes at most, where it takes fewer too. */
  readonly most: number | undefined;
  /** A copy of it, where a daemon that is started again is to get it once more. */
  readonly packet: Packet | undefined;
  /** What the reply of a torn WRITE says that it wrote. */
  claim: number | undefined;
}
