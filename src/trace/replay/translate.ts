import {
  FATTR_ATIME,
  FATTR_ATIME_NOW,
  FATTR_CTIME,
  FATTR_MTIME,
  FATTR_MTIME_NOW,
  fuse_setattr_in,
  IN_HEADER_SIZE,
  Message,
  opcode,
  opcodeNames,
  opcodeRow,
  type RequestHead,
  readU64,
  writeU64,
} from '../../fuse/index.ts';
import type { U64 } from '../../vfs/index.ts';
import type { Ids } from './ids.ts';
import type { Stamps } from './stamps.ts';

/** Where the structure of an opcode's request names nodes and handles: bytes from the message's start. */
interface Places {
  readonly nodes: readonly number[];
  /** With where the node is to which the handle belongs. */
  readonly handles: readonly (readonly [handle: number, node: number])[];
}

const nodeFields = ['oldnodeid', 'newdir', 'nodeid_out'];
const NODEID = 16;

const places = new Map<number, Places>();
for (const name of opcodeNames) {
  const { code, request } = opcodeRow(name);
  const offsets = request.body?.offsets ?? {};
  const at = (field: string): number => IN_HEADER_SIZE + offsets[field];
  const has = (field: string): boolean => Object.hasOwn(offsets, field);
  const handles: [number, number][] = [];
  for (const field of ['fh', 'fh_in']) if (has(field)) handles.push([at(field), NODEID]);
  if (has('fh_out')) handles.push([at('fh_out'), at('nodeid_out')]);
  places.set(code, { nodes: [NODEID, ...nodeFields.filter(has).map(at)], handles });
}

/** A position of READDIR and READDIRPLUS: `fuse_read_in.offset`. */
const POSITION = IN_HEADER_SIZE + 8;

/**
 * The request as the replay's server is to get it: nodes, handles and positions are the replay's. What it says of references
 * and of times that a client sets is noted.
 */
export function translateRequest(
  { code, unique, nodeid }: RequestHead,
  message: Message,
  length: number,
  ids: Ids,
  stamps: Stamps,
): Message {
  const translated = new Message(length);
  translated.bytes.set(message.bytes.subarray(0, length));
  const { nodes, handles } = places.get(code) ?? { nodes: [NODEID], handles: [] };
  const recorded = (at: number): U64 => readU64(message.words, at >>> 2);
  const put = (at: number, value: U64): void => writeU64(translated.words, at >>> 2, value);
  for (const at of nodes) if (at + 8 <= length) put(at, ids.nodes.replayed(recorded(at)));
  for (const [at, node] of handles) if (at + 8 <= length) put(at, ids.handles.replayed(recorded(node), recorded(at)));
  switch (code) {
    case opcode.READDIR:
    case opcode.READDIRPLUS:
      if (POSITION + 8 <= length) put(POSITION, ids.positions.replayed(nodeid, recorded(POSITION)));
      break;
    case opcode.NOTIFY_REPLY:
      put(8, ids.retrievals.get(unique) ?? unique);
      break;
    case opcode.SETATTR:
      if (length >= IN_HEADER_SIZE + fuse_setattr_in.size) noteTimes(message, stamps);
      break;
    case opcode.FORGET:
      if (length >= IN_HEADER_SIZE + 8) ids.nodes.forget(nodeid, Number(recorded(IN_HEADER_SIZE)));
      break;
    case opcode.BATCH_FORGET:
      for (let at = IN_HEADER_SIZE + 8; at + 16 <= length; at += 16) {
        put(at, ids.nodes.replayed(recorded(at)));
        ids.nodes.forget(recorded(at), Number(recorded(at + 8)));
      }
      break;
  }
  return translated;
}

function noteTimes(message: Message, stamps: Stamps): void {
  const body = fuse_setattr_in.read(message, IN_HEADER_SIZE);
  const { valid } = body;
  const sets = (bit: number, now: number): boolean => (valid & bit) !== 0 && (valid & now) === 0;
  if (sets(FATTR_ATIME, FATTR_ATIME_NOW)) stamps.explicit({ sec: Number(body.atime), nsec: body.atimensec });
  if (sets(FATTR_MTIME, FATTR_MTIME_NOW)) stamps.explicit({ sec: Number(body.mtime), nsec: body.mtimensec });
  if (sets(FATTR_CTIME, 0)) stamps.explicit({ sec: Number(body.ctime), nsec: body.ctimensec });
}
