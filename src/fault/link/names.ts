import type { Message } from '../../fuse/message.ts';
import { OUT_HEADER_SIZE, type Reply, type Request, readU64 } from '../../fuse/protocol/index.ts';
import type { NodePaths } from '../match/node-paths.ts';

/** RENAME_EXCHANGE of renameat2(2). */
const EXCHANGE = 2;

/** What a request without an answer says about names. */
export function learnFromRequest(request: Request, nodes: NodePaths): void {
  if (request.op === 'FORGET') nodes.forgotten(Number(request.header.nodeid), Number(request.body.nlookup));
  else if (request.op === 'BATCH_FORGET')
    for (const { nodeid, nlookup } of request.items) nodes.forgotten(Number(nodeid), Number(nlookup));
}

/** What a request does to names, if it succeeds. */
export type NameChange =
  | { readonly kind: 'enters' | 'removes'; readonly parent: number; readonly name: string }
  | {
      readonly kind: 'renames';
      readonly parent: number;
      readonly name: string;
      readonly newParent: number;
      readonly newName: string;
      readonly exchange: boolean;
    };

export function nameChange(request: Request): NameChange | undefined {
  const parent = Number(request.header.nodeid);
  switch (request.op) {
    case 'LOOKUP':
    case 'CREATE':
    case 'MKNOD':
    case 'MKDIR':
    case 'SYMLINK':
    case 'LINK':
      return { kind: 'enters', parent, name: request.name };
    case 'UNLINK':
    case 'RMDIR':
      return { kind: 'removes', parent, name: request.name };
    case 'RENAME':
    case 'RENAME2': {
      const { name, newName, body } = request;
      const exchange = 'flags' in body && (body.flags & EXCHANGE) !== 0;
      return { kind: 'renames', parent, name, newParent: Number(body.newdir), newName, exchange };
    }
    default:
      return undefined;
  }
}

/** A request that changes names has succeeded; `reply` is what the kernel got. */
export function learnFromReply(change: NameChange, reply: Message, nodes: NodePaths): void {
  switch (change.kind) {
    case 'enters': {
      const node = Number(readU64(reply.words, OUT_HEADER_SIZE / 4));
      // Node 0 is a name that is known not to be there.
      if (node !== 0) nodes.entered(change.parent, change.name, node);
      return;
    }
    case 'removes':
      nodes.removed(change.parent, change.name);
      return;
    case 'renames':
      nodes.renamed(change.parent, change.name, change.newParent, change.newName, change.exchange);
  }
}

/** READDIRPLUS gives the kernel nodes with their names. */
export function learnFromListing(parent: number, reply: Reply, nodes: NodePaths): void {
  if (reply.op !== 'READDIRPLUS') return;
  for (const { name, entry_out } of reply.entries)
    if (name !== '.' && name !== '..' && entry_out.nodeid !== 0) nodes.entered(parent, name, Number(entry_out.nodeid));
}
