import type { Request } from '../../fuse/protocol/index.ts';
import type { FaultEvent } from '../match/event.ts';
import type { NodePaths } from '../match/node-paths.ts';
import { operationOfOpcode } from '../plan/operations.ts';
import { nameChange } from './names.ts';

/** The event that a request on the link is; undefined for what no rule can mean. */
export function requestEvent(request: Request, nodes: NodePaths): (FaultEvent & { where: 'link-request' }) | undefined {
  const operation = operationOfOpcode(request.op);
  if (operation === undefined) return undefined;
  const { unique, nodeid, uid, pid } = request.header;
  const node = Number(nodeid);
  const paths = pathsOf(request, node, nodes);
  return { where: 'link-request', operation, unique, node, uid, pid, ...range(request), paths };
}

function range(request: Request): Pick<FaultEvent, 'fh' | 'offset' | 'length'> {
  switch (request.op) {
    case 'READ':
    case 'WRITE':
    case 'READDIR':
    case 'READDIRPLUS':
      return { fh: request.body.fh, offset: Number(request.body.offset), length: request.body.size };
    case 'FALLOCATE':
      return { fh: request.body.fh, offset: Number(request.body.offset), length: Number(request.body.length) };
    case 'LSEEK':
      return { fh: request.body.fh, offset: Number(request.body.offset) };
    case 'COPY_FILE_RANGE':
    case 'COPY_FILE_RANGE_64':
      return { fh: request.body.fh_in, offset: Number(request.body.off_in), length: Number(request.body.len) };
    case 'FLUSH':
    case 'FSYNC':
    case 'FSYNCDIR':
    case 'RELEASE':
    case 'RELEASEDIR':
    case 'GETLK':
    case 'SETLK':
    case 'SETLKW':
    case 'IOCTL':
    case 'POLL':
      return { fh: request.body.fh };
    default:
      return {};
  }
}

/** Evaluated while the names are as the request finds them. */
function pathsOf(request: Request, node: number, nodes: NodePaths): () => readonly string[] {
  let found: readonly string[] | undefined;
  return () => {
    found ??= namesOf(request, node, nodes);
    return found;
  };
}

function namesOf(request: Request, node: number, nodes: NodePaths): readonly string[] {
  const change = nameChange(request);
  if (change?.kind === 'renames')
    return [...nodes.ofName(node, change.name), ...nodes.ofName(change.newParent, change.newName)];
  const names = change === undefined ? nodes.of(node) : nodes.ofName(node, change.name);
  switch (request.op) {
    case 'LINK':
      return [...names, ...nodes.of(Number(request.body.oldnodeid))];
    case 'COPY_FILE_RANGE':
    case 'COPY_FILE_RANGE_64':
      return [...names, ...nodes.of(Number(request.body.nodeid_out))];
    default:
      return names;
  }
}
