import { errno } from '../../../vfs/index.ts';
import { OUT_HEADER_SIZE } from '../../protocol/index.ts';
import { checkedSize, handleArgument } from './arguments.ts';
import type { Operation } from './operation.ts';

export const readdir: Operation<void> = {
  least: 40,
  exact: true,
  run: (exchange) => {
    const { filesystem } = exchange.core;
    const size = checkedSize(exchange.word(4));
    if (filesystem.readdir === undefined) return errno.ENOSYS;
    exchange.reserve(OUT_HEADER_SIZE + size);
    exchange.dirents.begin(exchange.reply, size);
    return filesystem.readdir(
      exchange.node,
      handleArgument(exchange, 0),
      exchange.u64(2),
      exchange.dirents.sink,
      exchange,
    );
  },
  reply: (exchange) => exchange.dirents.finish(),
};

export const readdirplus: Operation<void> = {
  least: 40,
  exact: true,
  run: (exchange) => {
    const { filesystem } = exchange.core;
    const size = checkedSize(exchange.word(4));
    if (filesystem.readdirplus === undefined) return errno.ENOSYS;
    exchange.reserve(OUT_HEADER_SIZE + size);
    exchange.dirents.begin(exchange.reply, size);
    return filesystem.readdirplus(
      exchange.node,
      handleArgument(exchange, 0),
      exchange.u64(2),
      exchange.dirents.plusSink,
      exchange,
    );
  },
  reply: (exchange) => {
    for (const node of exchange.dirents.nodes) exchange.core.lookups.add(node);
    return exchange.dirents.finish();
  },
  undelivered: (exchange) => {
    for (const node of exchange.dirents.nodes) exchange.core.forget(node, 1);
  },
};
