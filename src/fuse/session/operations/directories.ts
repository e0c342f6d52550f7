import { type Answer, errno, type U64 } from '../../../vfs/index.ts';
import type { DirentBuffer } from '../dirent-buffer.ts';
import type { Exchange } from '../exchange.ts';
import { checkedSize, handleArgument } from './arguments.ts';
import type { Operation } from './operation.ts';

type List = (exchange: Exchange, fh: number, offset: U64, buffer: DirentBuffer) => Answer<void>;

const listingWith = (method: 'readdir' | 'readdirplus', list: List): Operation<void> => ({
  least: 40,
  exact: true,
  run: (exchange) => {
    const size = checkedSize(exchange.word(4));
    if (exchange.core.filesystem[method] === undefined) return errno.ENOSYS;
    return list(exchange, handleArgument(exchange, 0), exchange.u64(2), exchange.listing(size));
  },
  reply: ({ core, dirents }) => {
    for (const node of dirents.nodes) core.lookups.add(node);
    return dirents.finish();
  },
  failed: ({ core, dirents }) => {
    for (const node of dirents.abandon()) {
      core.lookups.add(node);
      core.forget(node, 1);
    }
    return undefined;
  },
  undelivered: ({ core, dirents }) => {
    for (const node of dirents.nodes) core.forget(node, 1);
  },
});

export const readdir = listingWith('readdir', (exchange, fh, offset, { sink }) =>
  exchange.core.filesystem.readdir?.(exchange.node, fh, offset, sink, exchange),
);

export const readdirplus = listingWith('readdirplus', (exchange, fh, offset, { plusSink }) =>
  exchange.core.filesystem.readdirplus?.(exchange.node, fh, offset, plusSink, exchange),
);
