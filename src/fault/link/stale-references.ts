import { OUT_HEADER_SIZE, readU64 } from '../../fuse/protocol/index.ts';
import { ROOT_NODE, type U64 } from '../../vfs/index.ts';
import type { Strike } from '../match/engine.ts';
import type { FaultEvent } from '../match/event.ts';
import type { Packet } from './packet.ts';
import { givesEntry, raiseGeneration } from './reply-changes.ts';

const CLOSING: ReadonlySet<string> = new Set(['RELEASE', 'RELEASEDIR', 'FORGET', 'INTERRUPT', 'DESTROY']);

/** Nodes, open files and generations that are not what they were, until something makes them good. */
export class StaleReferences {
  readonly #nodes = new Map<number, Strike>();
  readonly #handles = new Map<U64, Strike>();
  readonly #generations = new Map<number, { readonly by: number; readonly strike: Strike }>();

  /** The daemon forgets the node of a request; the root it never does. */
  forget(event: FaultEvent, strike: Strike): void {
    if (event.node !== undefined && event.node !== ROOT_NODE) this.#nodes.set(event.node, strike);
  }

  /** The daemon forgets the open file of a request. */
  loseHandle({ fh }: FaultEvent, strike: Strike): void {
    if (fh !== undefined) this.#handles.set(fh, strike);
  }

  /** The strike because of which a request is refused with ESTALE. */
  refuses({ operation, node, fh }: FaultEvent): Strike | undefined {
    if (fh !== undefined && (operation === 'RELEASE' || operation === 'RELEASEDIR')) this.#handles.delete(fh);
    if (CLOSING.has(operation)) return undefined;
    return (
      (node === undefined ? undefined : this.#nodes.get(node)) ?? (fh === undefined ? undefined : this.#handles.get(fh))
    );
  }

  /** From now on the generation of the entry that a reply gives is one higher than the daemon says. */
  bump(packet: Packet, strike: Strike): boolean {
    const node = entryNode(packet);
    if (node === undefined) return false;
    this.#generations.set(node, { by: (this.#generations.get(node)?.by ?? 0) + 1, strike });
    return true;
  }

  /** A reply with an entry: a node that is looked up is known again, and generations are as they were made. */
  entry(packet: Packet, event: FaultEvent): void {
    if (!givesEntry(event.operation)) return;
    const node = entryNode(packet);
    if (node === undefined) return;
    this.#nodes.delete(node);
    const bumped = this.#generations.get(node);
    if (bumped !== undefined) bumped.strike.injected(`${raiseGeneration(packet, bumped.by)} for node ${node}`, event);
  }
}

function entryNode(packet: Packet): number | undefined {
  const node = Number(readU64(packet.message.words, OUT_HEADER_SIZE / 4));
  return node === 0 ? undefined : node;
}

/** A node of the same type as another, chosen by the strike; undefined where none is known. */
export function another(node: number, nodes: readonly number[], strike: Strike): number | undefined {
  const others = nodes.filter((other) => other !== node && other !== ROOT_NODE);
  return others.length === 0 ? undefined : others[strike.integer('node', others.length)];
}
