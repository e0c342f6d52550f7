import type { Duration } from '../duration.ts';
import type { Damage } from './checksum.ts';

/** A link between two hosts, both ways. */
export interface LinkOptions {
  /** Milliseconds from one end to the other; 0 still takes a turn of the timers. Default 1. */
  readonly latency?: Duration;
  /** How likely a segment is lost, from 0 up to 1. TCP sends it again: the programs see a delay, in the end a reset. */
  readonly loss?: number;
  /** How likely a segment is damaged, from 0 up to 1, and how. Where the checksum tells, that is a loss. */
  readonly damage?: { readonly probability: number; readonly kind: Damage['kind'] };
}

/** What one end of a connection sends at a time. */
export interface Segment {
  readonly connection: number;
  readonly from: string;
  readonly to: string;
  readonly fromPort: number;
  readonly toPort: number;
  /** Counts those of its connection and direction, from 1 on. */
  readonly number: number;
  /** 0, or the how-manieth time that it is sent again. */
  readonly attempt: number;
  readonly data: Uint8Array;
}

/** What becomes of a segment on its way: other bytes, nothing ('lost'), or undefined where it arrives as it is. */
export type Wire = (segment: Segment) => Uint8Array | 'lost' | undefined;

/** First wait for an acknowledgement, milliseconds, doubled each time (TCP_RTO_MIN and TCP_RTO_MAX). */
const RTO_FIRST = 200;
const RTO_MOST = 120_000;
/** Times that data and connection requests are sent again (net.ipv4.tcp_retries2 and tcp_syn_retries). */
export const DATA_RETRIES = 15;
export const CONNECT_RETRIES = 6;
export const CONNECT_FIRST = 1000;

/** Milliseconds until what was sent for the `attempt`-th time, from 0 on, is sent again. */
export const retransmitAfter = (attempt: number, first = RTO_FIRST): number => Math.min(RTO_MOST, first * 2 ** attempt);
