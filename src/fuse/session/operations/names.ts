import { type Entry, errno } from '../../../vfs/index.ts';
import { fuse_entry_out, initFlags, OUT_HEADER_SIZE, writeEntryOut, writeTimeout } from '../../protocol/index.ts';
import { checkEntry } from '../bad-answer.ts';
import type { Exchange } from '../exchange.ts';
import { nameBehindUmask, nodeArgument } from './arguments.ts';
import { emptyReply, type Operation } from './operation.ts';

const ENTRY_REPLY_SIZE = OUT_HEADER_SIZE + fuse_entry_out.size;

/** Writes an entry at `at` of the reply; the kernel gets its reference with it. */
export function giveEntry(exchange: Exchange, at: number, entry: Entry): void {
  const { core } = exchange;
  checkEntry(entry);
  writeEntryOut(
    exchange.reply,
    at,
    entry.node,
    entry.generation,
    entry.attributes,
    entry.entryTimeout ?? core.entryTimeout,
    entry.attributeTimeout ?? core.attributeTimeout,
  );
  core.lookups.add(entry.node);
}

function replyEntry(exchange: Exchange, entry: Entry): number {
  giveEntry(exchange, OUT_HEADER_SIZE, entry);
  return ENTRY_REPLY_SIZE;
}

function takeBack(exchange: Exchange, entry: Entry): void {
  exchange.core.forget(entry.node, 1);
}

/** An entry without a node: the name does not exist, and the kernel may keep that for a while. */
function negativeEntry(exchange: Exchange): number {
  const { reply, core } = exchange;
  reply.bytes.fill(0, OUT_HEADER_SIZE, ENTRY_REPLY_SIZE);
  writeTimeout(reply.words, OUT_HEADER_SIZE / 4 + 4, OUT_HEADER_SIZE / 4 + 8, core.negativeTimeout);
  return ENTRY_REPLY_SIZE;
}

const entryResult = { reply: replyEntry, undelivered: takeBack };

export const lookup: Operation<Entry> = {
  least: 0,
  anyNode: true,
  run: (exchange) => {
    const { core, node } = exchange;
    const name = exchange.lastName(0);
    if (!core.knows(node)) {
      // A file handle of an export may name a node that nobody looked up since: it is found by "." (fs/fuse/inode.c).
      const exported = ((core.negotiated?.flags ?? 0) & initFlags.EXPORT_SUPPORT) !== 0;
      if (!exported || node === 0 || (name !== '.' && name !== '..')) return errno.ESTALE;
    }
    return core.filesystem.lookup(node, name, exchange);
  },
  failed: (exchange, error) =>
    error === errno.ENOENT && exchange.core.negativeTimeout > 0 ? negativeEntry(exchange) : undefined,
  ...entryResult,
};

export const mknod: Operation<Entry> = {
  least: 8,
  run: (exchange) => {
    const { filesystem } = exchange.core;
    const name = nameBehindUmask(exchange);
    if (filesystem.mknod === undefined) return errno.ENOSYS;
    return filesystem.mknod(exchange.node, name, exchange.word(0), exchange.word(1), exchange);
  },
  ...entryResult,
};

export const mkdir: Operation<Entry> = {
  least: 8,
  run: (exchange) => {
    const { filesystem } = exchange.core;
    exchange.umask = exchange.word(1);
    const name = exchange.lastName(8);
    if (filesystem.mkdir === undefined) return errno.ENOSYS;
    return filesystem.mkdir(exchange.node, name, exchange.word(0), exchange);
  },
  ...entryResult,
};

export const symlink: Operation<Entry> = {
  least: 0,
  run: (exchange) => {
    const { filesystem } = exchange.core;
    const name = exchange.firstName(0);
    const target = exchange.lastName(exchange.secondAt);
    if (filesystem.symlink === undefined) return errno.ENOSYS;
    return filesystem.symlink(exchange.node, name, target, exchange);
  },
  ...entryResult,
};

export const link: Operation<Entry> = {
  least: 8,
  run: (exchange) => {
    const { filesystem } = exchange.core;
    const name = exchange.lastName(8);
    const node = nodeArgument(exchange, 0);
    if (filesystem.link === undefined) return errno.ENOSYS;
    return filesystem.link(node, exchange.node, name, exchange);
  },
  ...entryResult,
};

export const unlink: Operation<void> = {
  least: 0,
  run: (exchange) => {
    const { filesystem } = exchange.core;
    const name = exchange.lastName(0);
    return filesystem.unlink === undefined ? errno.ENOSYS : filesystem.unlink(exchange.node, name, exchange);
  },
  reply: emptyReply,
};

export const rmdir: Operation<void> = {
  least: 0,
  run: (exchange) => {
    const { filesystem } = exchange.core;
    const name = exchange.lastName(0);
    return filesystem.rmdir === undefined ? errno.ENOSYS : filesystem.rmdir(exchange.node, name, exchange);
  },
  reply: emptyReply,
};

const renameWith = (least: number, flagsOf: (exchange: Exchange) => number): Operation<void> => ({
  least,
  run: (exchange) => {
    const { filesystem } = exchange.core;
    const name = exchange.firstName(least);
    const newName = exchange.lastName(exchange.secondAt);
    const newParent = nodeArgument(exchange, 0);
    if (filesystem.rename === undefined) return errno.ENOSYS;
    return filesystem.rename(exchange.node, name, newParent, newName, flagsOf(exchange), exchange);
  },
  reply: emptyReply,
});

export const rename = renameWith(8, () => 0);
export const rename2 = renameWith(16, (exchange) => exchange.word(2));
