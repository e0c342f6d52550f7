import { operationOfOpcode } from '../../fault/plan/operations.ts';
import { opcodeName, type RequestHead } from '../../fuse/index.ts';
import type { RecordedFault } from '../format/fault.ts';

/**
 * What a fault in a recording means to who replays it, where the request meets no fault:
 *
 * - `nothing`: the filesystem did, and the kernel got, what they would have.
 * - `late`: the request came to the filesystem later than it was recorded.
 * - `unserved`: the request did not come to the filesystem, or not to the part that would have carried it out.
 * - `answer`: it was carried out, and the kernel got another answer, or none.
 * - `data`: the file has other data since than the request says.
 * - `open`: what the filesystem did is not known, or what it does from here on.
 */
export type Consequence = 'nothing' | 'late' | 'unserved' | 'answer' | 'data' | 'open';

/** `request` is the one in which the fault struck, as far as it is known. */
export function consequenceOf(fault: RecordedFault, request: RequestHead | undefined): Consequence {
  switch (fault.where) {
    case 'link-request':
      return ofRequest(fault);
    case 'link-reply':
      return ofReply(fault);
    case 'filesystem':
      return isWholeRequest(fault, request) ? ofFilesystem(fault) : 'open';
    case 'process':
      return fault.kind === 'kill' ? 'nothing' : 'open';
    default:
      return 'open';
  }
}

/** A call that is only a part of what a request came to leaves open what the rest did. */
function isWholeRequest({ operation }: RecordedFault, request: RequestHead | undefined): boolean {
  const name = request && opcodeName(request.code);
  return name === undefined || operationOfOpcode(name) === operation;
}

/** Of what a request carries or asks for. */
const ofTransfer = (operation: string): Consequence =>
  operation === 'WRITE' ? 'data' : isListing(operation) ? 'open' : 'answer';

const isListing = (operation: string): boolean => operation === 'READDIR' || operation === 'READDIRPLUS';

function ofRequest({ kind, operation, detail }: RecordedFault): Consequence {
  switch (kind) {
    case 'errno':
    case 'drop':
    case 'hang':
      return 'unserved';
    case 'delay':
    case 'reorder':
      return 'late';
    // What waits, waits in its order.
    case 'full-queue':
      return 'nothing';
    case 'bit-flip':
    case 'range':
    case 'zero-sector':
    case 'torn':
      return operation === 'WRITE' ? 'data' : 'open';
    case 'misdirect':
    case 'short':
      return ofTransfer(operation);
    case 'stale':
      return detail.startsWith('ESTALE') ? 'unserved' : 'open';
    default:
      return 'open';
  }
}

function ofReply({ kind, operation, detail }: RecordedFault): Consequence {
  switch (kind) {
    case 'delay':
    case 'reorder':
    case 'duplicate':
      return 'nothing';
    case 'errno':
    case 'drop':
    case 'wrong-length':
    case 'stale-read':
      return 'answer';
    case 'bit-flip':
    case 'range':
    case 'zero-sector':
    case 'short':
      return isListing(operation) ? 'open' : 'answer';
    case 'lie':
      return ofLie(detail);
    default:
      return 'open';
  }
}

function ofFilesystem({ kind, operation, detail }: RecordedFault): Consequence {
  switch (kind) {
    case 'errno':
      return detail.endsWith(' after the effect') ? 'answer' : 'unserved';
    case 'delay':
      return 'late';
    case 'hang':
    case 'fsync-once':
    case 'fsync-lies':
      return 'unserved';
    case 'bit-flip':
    case 'range':
    case 'zero-sector':
      return operation === 'SETXATTR' ? 'open' : ofTransfer(operation);
    case 'torn':
    case 'misdirect':
    case 'short':
      return ofTransfer(operation);
    case 'stale-read':
      return 'answer';
    case 'stale':
      return detail.startsWith('ESTALE') ? 'unserved' : 'open';
    case 'lie':
      return ofLie(detail);
    default:
      return 'open';
  }
}

/** Numbers and times by which later answers are compared must not be learnt from a lie. */
const ofLie = (detail: string): Consequence => (/\b(ino|mtime) /.test(detail) ? 'open' : 'answer');
