import type { Message } from '../fuse/message.ts';
import { decodeReply, decodeRequest, opcodes } from '../fuse/protocol/index.ts';
import type { Session } from '../fuse/session/index.ts';
import type { Divergence } from '../model/index.ts';
import type { Holdings, SimKernel } from '../sim/index.ts';
import { ROOT_NODE, type U64 } from '../vfs/index.ts';

/** Something of a filesystem that was not given back when everything had ended. */
export interface Leak {
  readonly kind: 'references' | 'handles' | 'requests';
  /** For people: what, how many, and where it was taken if that is known. */
  readonly text: string;
}

/** The aspect of a divergence that is a leak. */
export const LEAK = 'leak';

/** The first kind of leak as a divergence; all of them in its text. */
export function divergenceOf(leaks: readonly Leak[]): Divergence {
  return {
    aspect: LEAK,
    difference: `leak: ${leaks[0].kind} are left when everything has ended`,
    expected: 'everything given back when all processes have ended and the caches are dropped',
    actual: leaks.map(({ text }) => text).join('; '),
  };
}

/** What a simulated kernel and its session, the last one where it was restarted, count of a filesystem when everything has ended. */
export class Ledger {
  readonly #kernel: SimKernel;
  readonly #session: () => Session;
  readonly #places: Places | undefined;

  constructor(kernel: SimKernel, session: () => Session, places: Places | undefined) {
    this.#kernel = kernel;
    this.#session = session;
    this.#places = places;
  }

  /** Ends the kernel's processes and drops its caches; what is held then was lost. */
  leaks(): readonly Leak[] | Promise<readonly Leak[]> {
    const holdings = this.#kernel.retire();
    return holdings instanceof Promise ? holdings.then((held) => this.#compare(held)) : this.#compare(holdings);
  }

  #compare({ references, handles, requests }: Holdings): readonly Leak[] {
    // The root stays as long as the mount: what LOOKUP of ".." gave of it is never forgotten.
    const believed = [...this.#session().lookups].filter(([node]) => node !== ROOT_NODE);
    if (references.length === 0 && handles === 0 && requests.length === 0 && believed.length === 0) return [];
    // What is not answered holds the rest.
    const leaks = requests.map((request): Leak => ({ kind: 'requests', text: `${request} is not answered` }));
    const open = [...(this.#places?.handles ?? [])].map(([handle, place]) => `${handle}${this.#taken(place)}`);
    if (handles > 0)
      leaks.push({ kind: 'handles', text: `${handles} open handles are not released ${open.join(', ')}`.trim() });
    const counts = new Map<U64, { kernel: number; session: number }>();
    for (const [node, kernel] of references) counts.set(node, { kernel, session: 0 });
    for (const [node, session] of believed) counts.set(node, { kernel: counts.get(node)?.kernel ?? 0, session });
    for (const [node, { kernel, session }] of counts) {
      const text = `node ${node}: the kernel holds ${kernel} references, the filesystem believes ${session}`;
      leaks.push({ kind: 'references', text: `${text}${this.#taken(this.#places?.nodes.get(node))}` });
    }
    return leaks;
  }

  #taken(place: string | undefined): string {
    return place === undefined ? '' : ` (taken by ${place})`;
  }
}

const closing: ReadonlySet<string> = new Set(['RELEASE', 'RELEASEDIR']);

/** Listens to a link and remembers which request took each node and handle. */
export class Places {
  /** By node: the last request that gave a reference to it. */
  readonly nodes = new Map<U64, string>();
  /** Handles that are open. */
  readonly handles = new Map<string, string>();
  readonly #asked = new Map<string, { readonly code: number; readonly text: string; readonly node: U64 }>();

  message(fromKernel: boolean, message: Message, length: number): void {
    const unique = `${message.words[3]}:${message.words[2]}`;
    if (fromKernel) this.#request(unique, message, length);
    else this.#reply(unique, message, length);
  }

  #request(unique: string, message: Message, length: number): void {
    const request = decodeRequest(message, length);
    if (request.op === 'MALFORMED' || request.op === 'UNKNOWN') return;
    const { nodeid, pid } = request.header;
    const code = opcodes[request.op].code;
    const name = 'name' in request ? ` ${JSON.stringify(request.name)}` : '';
    const text = `request ${request.header.unique}, ${request.op}${name} of p${pid}`;
    this.#asked.set(unique, { code, text, node: nodeid });
    if (closing.has(request.op)) this.handles.delete(handleName(nodeid, message));
  }

  #reply(unique: string, message: Message, length: number): void {
    const asked = this.#asked.get(unique);
    if (asked === undefined) return;
    this.#asked.delete(unique);
    const reply = decodeReply(asked.code, message, length);
    if (reply.op === 'READDIRPLUS') for (const { entry_out } of reply.entries) this.#took(entry_out.nodeid, asked.text);
    if (reply.op === 'CREATE' || reply.op === 'TMPFILE') {
      const { entry, open } = reply.body;
      this.#took(entry.nodeid, asked.text);
      this.#opened(open.fh, entry.nodeid, asked.text);
    } else if (reply.op === 'OPEN' || reply.op === 'OPENDIR') this.#opened(reply.body.fh, asked.node, asked.text);
    else if ('body' in reply && 'nodeid' in reply.body) this.#took(reply.body.nodeid, asked.text);
  }

  #took(node: U64, place: string): void {
    if (node !== 0) this.nodes.set(node, place);
  }

  #opened(fh: U64, node: U64, place: string): void {
    this.handles.set(`handle ${fh} of node ${node}`, place);
  }
}

const FIRST_ARGUMENT = 10;

const handleName = (node: U64, { words }: Message): string =>
  `handle ${words[FIRST_ARGUMENT] + words[FIRST_ARGUMENT + 1] * 2 ** 32} of node ${node}`;
