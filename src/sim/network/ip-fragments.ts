import { internetChecksum } from './checksum.ts';

/** Bytes of a packet on Ethernet behind the IP header. */
const FRAGMENT_MOST = 1480;
const UDP_HEADER = 8;
/** Milliseconds for which fragments are kept that wait for others (net.ipv4.ipfrag_time). */
const KEPT = 30_000;

/** A piece of a datagram (RFC 791, 3.2); `id` has 16 bits, and comes again after 65,536 datagrams. */
export interface Fragment {
  readonly id: number;
  readonly offset: number;
  readonly last: boolean;
  readonly data: Uint8Array;
}

/** A UDP datagram in fragments. Its header has the length and the checksum, of which the ports are no part here. */
export function fragments(data: Uint8Array, id: number): readonly Fragment[] {
  const datagram = new Uint8Array(UDP_HEADER + data.length);
  const header = new DataView(datagram.buffer);
  header.setUint16(4, datagram.length);
  datagram.set(data, UDP_HEADER);
  header.setUint16(6, internetChecksum(datagram));
  return Array.from({ length: Math.ceil(datagram.length / FRAGMENT_MOST) }, (_, i) => {
    const offset = i * FRAGMENT_MOST;
    const end = Math.min(datagram.length, offset + FRAGMENT_MOST);
    return { id: id & 0xffff, offset, last: end === datagram.length, data: datagram.subarray(offset, end) };
  });
}

interface Incomplete {
  readonly since: number;
  readonly parts: Map<number, Fragment>;
}

/** Puts fragments of one sender together, by nothing but their number. */
export class Reassembly {
  readonly #now: () => number;
  readonly #incomplete = new Map<number, Incomplete>();

  /** `now` tells milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Takes a fragment; the data of a datagram that it completes, if its checksum holds. */
  take(fragment: Fragment): Uint8Array | undefined {
    const now = this.#now();
    let waiting = this.#incomplete.get(fragment.id);
    if (waiting === undefined || now - waiting.since > KEPT) {
      waiting = { since: now, parts: new Map() };
      this.#incomplete.set(fragment.id, waiting);
    }
    const { parts } = waiting;
    if (!parts.has(fragment.offset)) parts.set(fragment.offset, fragment);
    const datagram = complete(parts);
    if (datagram === undefined) return undefined;
    this.#incomplete.delete(fragment.id);
    return internetChecksum(datagram) === 0 ? datagram.subarray(UDP_HEADER) : undefined;
  }
}

function complete(parts: ReadonlyMap<number, Fragment>): Uint8Array | undefined {
  const found: Uint8Array[] = [];
  for (let offset = 0; ; ) {
    const part = parts.get(offset);
    if (part === undefined) return undefined;
    found.push(part.data);
    offset += part.data.length;
    if (part.last) return Buffer.concat(found);
  }
}
