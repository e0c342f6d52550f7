import type { Damage } from '../../sim/index.ts';
import type { ReplyMessage, WireMessage } from './message.ts';

/** What happens to a message. Connections are TCP's: nothing on one gets lost unless the connection does. */
export type WireFault =
  /** It waits, as in a server's queue or on another connection; later ones overtake it. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** The connection breaks while it is on its way: it never arrives. */
  | { readonly kind: 'break' }
  /** A copy comes after so many milliseconds, as from a client that did not wait long enough. */
  | { readonly kind: 'copy'; readonly ms: number }
  /** Its bytes change on the way, from `find` on, or in the data of a WRITE. TCP takes it where the checksum holds. */
  | { readonly kind: 'damage'; readonly damage: Damage['kind']; readonly find?: string }
  /** The server answers something else. */
  | { readonly kind: 'answer'; readonly with: (reply: ReplyMessage) => unknown }
  /** Something else than TCP carries it: what arrives of a record, if anything. */
  | { readonly kind: 'carry'; readonly with: (record: Uint8Array) => Uint8Array | undefined }
  /** Something happens right before the message goes on. */
  | { readonly kind: 'meanwhile'; readonly run: () => void };

/** A fault on the wire, and when it strikes. */
export interface WireRule {
  /** Without a name it is no fault, and need not strike. */
  readonly name?: string;
  readonly at: WireMessage['kind'];
  readonly client?: string;
  /** '*': any. */
  readonly procedure: string;
  /** Of those messages, only this one; without it all. */
  readonly where?: (message: WireMessage) => boolean;
  /** Strikes only the nth that all else lets through, from 1 on; 'every': all; or every so many. Default 1. */
  readonly nth?: number | 'every' | { readonly every: number };
  readonly fault: WireFault;
}
