import type { LinkEnds } from '../../fuse/link-hook.ts';
import { IN_HEADER_SIZE, type Request, readU64, writeU64 } from '../../fuse/protocol/index.ts';
import type { FaultEngine } from '../match/engine.ts';
import type { NodePaths } from '../match/node-paths.ts';
import type { Packet } from './packet.ts';

const ARGUMENT = IN_HEADER_SIZE / 4;

/** What a daemon that is started anew on a living connection must hear again, and what it must not hear. */
export class Restarts {
  #init: Packet | undefined;
  #repeated = false;
  /** References that a daemon gave which is no more. */
  readonly #ghosts = new Map<number, number>();

  /** INIT passes, for the first time. */
  init(packet: Packet): void {
    this.#init = packet.keep();
  }

  isInit(unique: number): boolean {
    return this.#init !== undefined && this.#init.message.words[2] + this.#init.message.words[3] * 2 ** 32 === unique;
  }

  /** Whether the reply to INIT is one that the kernel has long had. */
  swallowsInit(): boolean {
    return this.#repeated;
  }

  /** Whether a plan may want requests once more. */
  wanted({ plan }: FaultEngine): boolean {
    return plan.rules.some(({ what }) => what.kind === 'restart' && what.memory === 'lost');
  }

  /** The new daemon hears INIT; it knows none of the nodes that the kernel has. */
  begin(ends: LinkEnds, nodes: NodePaths): void {
    for (const [node, lookups] of nodes.references) this.#ghosts.set(node, lookups);
    this.#repeated = true;
    if (this.#init !== undefined) ends.toDaemon(this.#init.message, this.#init.length);
  }

  /** Takes out of a FORGET what the new daemon never gave. */
  adjustForgets(packet: Packet, request: Request): void {
    if (this.#ghosts.size === 0) return;
    if (request.op === 'FORGET') this.#adjust(packet, Number(request.header.nodeid), ARGUMENT);
    else if (request.op === 'BATCH_FORGET')
      for (const [i, { nodeid }] of request.items.entries()) this.#adjust(packet, Number(nodeid), ARGUMENT + 4 + 4 * i);
  }

  #adjust(packet: Packet, node: number, at: number): void {
    const ghosts = this.#ghosts.get(node);
    if (ghosts === undefined) return;
    const { words } = packet.keep().message;
    const lookups = Number(readU64(words, at));
    const gone = Math.min(ghosts, lookups);
    writeU64(words, at, lookups - gone);
    if (gone === ghosts) this.#ghosts.delete(node);
    else this.#ghosts.set(node, ghosts - gone);
  }
}
