import {
  FOPEN_KEEP_CACHE,
  fuse_attr,
  fuse_create_out,
  fuse_open_out,
  OUT_HEADER_SIZE,
} from '../../fuse/protocol/index.ts';
import type { Strike } from '../match/engine.ts';
import type { FaultEvent } from '../match/event.ts';
import type { Packet } from './packet.ts';
import { attributesAt, givesEntry } from './reply-changes.ts';

/** By which a kernel sees that a file has changed, in words of struct fuse_attr. */
const telltale = (['size', 'mtime', 'mtimensec'] as const).flatMap((field) => {
  const at = fuse_attr.offsets[field] / 4;
  return field === 'mtimensec' ? [at] : [at, at + 1];
});

interface Kept {
  readonly strike: Strike;
  /** What the kernel was told last. */
  words: readonly number[] | undefined;
}

/** Files of which the kernel does not hear that they have changed. */
export class StaleCache {
  readonly #files = new Map<number, Kept>();

  keep(node: number, strike: Strike): boolean {
    if (this.#files.has(node)) return false;
    this.#files.set(node, { strike, words: undefined });
    return true;
  }

  /** Whether what a notification says about a node is kept from the kernel. */
  hides(node: number): boolean {
    return this.#files.has(node);
  }

  /** Makes a successful reply say what it said before. */
  reply(packet: Packet, event: FaultEvent): void {
    const { operation } = event;
    const node = givesEntry(operation) ? packet.message.words[OUT_HEADER_SIZE / 4] : event.node;
    const kept = node === undefined ? undefined : this.#files.get(node);
    if (kept === undefined) return;
    const flags =
      operation === 'OPEN'
        ? fuse_open_out.offsets.open_flags
        : operation === 'CREATE'
          ? fuse_create_out.offsets.open + fuse_open_out.offsets.open_flags
          : undefined;
    if (flags !== undefined) packet.keep().message.words[(OUT_HEADER_SIZE + flags) / 4] |= FOPEN_KEEP_CACHE;
    const at = attributesAt(operation);
    // What a process changes itself, the kernel knows of.
    if (at === undefined || operation === 'SETATTR') return;
    const { words } = packet.keep().message;
    if (kept.words === undefined) {
      kept.words = telltale.map((i) => words[at / 4 + i]);
      return;
    }
    const told = kept.words;
    if (telltale.every((i, k) => words[at / 4 + i] === told[k])) return;
    for (const [k, i] of telltale.entries()) words[at / 4 + i] = told[k];
    kept.strike.injected('old size and time', event);
  }
}
