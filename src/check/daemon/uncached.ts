import type { Message } from '../../fuse/message.ts';
import {
  FOPEN_CACHE_DIR,
  FOPEN_KEEP_CACHE,
  fuse_attr_out,
  fuse_create_out,
  fuse_entry_out,
  fuse_open_out,
  fuse_statx_out,
  initFlags,
  OUT_HEADER_SIZE,
  opcode,
} from '../../fuse/protocol/index.ts';
import { uniqueOf } from '../../fuse/socket/server.ts';
import type { FuseServer } from '../../sim/kernel/index.ts';

/** INIT flags of what the kernel may keep by itself; of listings, the one whose entries say how long. */
export const KEEPING =
  initFlags.WRITEBACK_CACHE | initFlags.CACHE_SYMLINKS | initFlags.DO_READDIRPLUS | initFlags.READDIRPLUS_AUTO;

const entryWords = ['entry_valid', 'attr_valid', 'entry_valid_nsec', 'attr_valid_nsec'];
const attrWords = ['attr_valid', 'attr_valid_nsec'];

/** Places of 32-bit words in a successful reply, by opcode, that say how long something may be kept. */
const timeouts = new Map<number, readonly number[]>();
const offsets: Readonly<Record<string, number>> = fuse_entry_out.offsets;
const entryPlaces = placesOf(offsets, entryWords, ['entry_valid', 'attr_valid']);
for (const name of ['LOOKUP', 'MKNOD', 'MKDIR', 'SYMLINK', 'LINK', 'CREATE', 'TMPFILE'] as const)
  timeouts.set(opcode[name], entryPlaces);
for (const name of ['GETATTR', 'SETATTR'] as const)
  timeouts.set(opcode[name], placesOf(fuse_attr_out.offsets, attrWords, ['attr_valid']));
timeouts.set(opcode.STATX, placesOf(fuse_statx_out.offsets, attrWords, ['attr_valid']));

/** Where flags of an open file are. */
const opened = new Map<number, number>([
  [opcode.OPEN, OUT_HEADER_SIZE + fuse_open_out.offsets.open_flags],
  [opcode.OPENDIR, OUT_HEADER_SIZE + fuse_open_out.offsets.open_flags],
  [opcode.CREATE, OUT_HEADER_SIZE + fuse_create_out.offsets.open + fuse_open_out.offsets.open_flags],
  [opcode.TMPFILE, OUT_HEADER_SIZE + fuse_create_out.offsets.open + fuse_open_out.offsets.open_flags],
]);

function placesOf(
  where: Readonly<Record<string, number>>,
  names: readonly string[],
  wide: readonly string[],
): readonly number[] {
  return names.flatMap((name) => {
    const word = (OUT_HEADER_SIZE + where[name]) >>> 2;
    return wide.includes(name) ? [word, word + 1] : [word];
  });
}

/**
 * A server whose kernel keeps nothing: no answer may be kept longer than it is needed. For runs in which something may happen that
 * the kernel is not told of, which then would show late.
 */
export function uncached(
  connect: (send: (message: Message, length: number) => number) => FuseServer,
  send: (message: Message, length: number) => number,
): FuseServer {
  const asked = new Map<number, number>();
  const server = connect((message, length) => {
    const unique = uniqueOf(message);
    const code = asked.get(unique);
    asked.delete(unique);
    if (code !== undefined && message.words[1] === 0) {
      for (const word of timeouts.get(code) ?? []) if (4 * word + 4 <= length) message.words[word] = 0;
      const flags = opened.get(code);
      if (flags !== undefined && flags + 4 <= length)
        message.words[flags >>> 2] &= ~(FOPEN_KEEP_CACHE | FOPEN_CACHE_DIR);
    }
    return send(message, length);
  });
  return {
    mode: server.mode,
    receive(message, length) {
      asked.set(uniqueOf(message), message.words[1]);
      server.receive(message, length);
    },
    poll: () => server.poll?.() ?? false,
    close: () => server.close?.(),
  };
}
