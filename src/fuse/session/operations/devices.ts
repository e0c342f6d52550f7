import { errno, type IoctlAnswer } from '../../../vfs/index.ts';
import { FUSE_POLL_SCHEDULE_NOTIFY, fuse_ioctl_out, IN_HEADER_SIZE, OUT_HEADER_SIZE } from '../../protocol/index.ts';
import { mismatch } from '../../protocol/malformed.ts';
import { bad, checkU32 } from '../bad-answer.ts';
import { checkedSize, handleArgument, RESULT_WORD } from './arguments.ts';
import type { Operation } from './operation.ts';

export const ioctl: Operation<IoctlAnswer> = {
  least: 32,
  run: (exchange) => {
    const { filesystem } = exchange.core;
    const start = IN_HEADER_SIZE + 32;
    const inputSize = exchange.word(6);
    if (inputSize !== exchange.end - start) mismatch(`${inputSize} bytes of input`, exchange.end - start);
    if (filesystem.ioctl === undefined) return errno.ENOSYS;
    exchange.size = checkedSize(exchange.word(7));
    return filesystem.ioctl(
      exchange.node,
      handleArgument(exchange, 0),
      exchange.word(3),
      exchange.u64(4),
      exchange.request.bytes.slice(start, exchange.end),
      exchange.size,
      exchange.word(2),
      exchange,
    );
  },
  reply: (exchange, answer) => {
    if (typeof answer !== 'object' || answer === null) bad('ioctl', 'an object', answer);
    const { result, data } = answer;
    if (!Number.isInteger(result) || (result | 0) !== result) bad('ioctl.result', 'a 32-bit integer', result);
    if (!(data instanceof Uint8Array) || data.length > exchange.size)
      bad('ioctl.data', `at most ${exchange.size} bytes`, data);
    const end = OUT_HEADER_SIZE + fuse_ioctl_out.size + data.length;
    exchange.reserve(end);
    fuse_ioctl_out.write(exchange.reply, OUT_HEADER_SIZE, { result, flags: 0, in_iovs: 0, out_iovs: 0 });
    exchange.reply.bytes.set(data, OUT_HEADER_SIZE + fuse_ioctl_out.size);
    return end;
  },
};

export const poll: Operation<number> = {
  least: 24,
  exact: true,
  run: (exchange) => {
    const { filesystem } = exchange.core;
    if (filesystem.poll === undefined) return errno.ENOSYS;
    const wakeup = (exchange.word(4) & FUSE_POLL_SCHEDULE_NOTIFY) !== 0;
    const handle = wakeup ? exchange.u64(2) : undefined;
    return filesystem.poll(exchange.node, handleArgument(exchange, 0), exchange.word(5), handle, exchange);
  },
  reply: (exchange, events) => {
    checkU32('poll', events);
    const { words } = exchange.reply;
    words[RESULT_WORD] = events;
    words[RESULT_WORD + 1] = 0;
    return OUT_HEADER_SIZE + 8;
  },
};
