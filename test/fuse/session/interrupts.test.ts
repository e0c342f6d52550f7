import { describe, expect, it } from 'vitest';
import { type Attributes, type Context, type Errno, errno } from '../../../src/vfs/index.ts';
import { attributes, FakeKernel, filesystem } from './fake-kernel.ts';

const getattr = { op: 'GETATTR', body: { getattr_flags: 0, fh: 0 } } as const;
const interrupt = (target: number) =>
  ({ op: 'INTERRUPT', header: { unique: target + 1, nodeid: 0 }, body: { unique: target } }) as const;
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** getattr waits for its caller to be interrupted, or for the test. */
function interruptible() {
  const contexts: Context[] = [];
  const answers: ((answer: Attributes) => void)[] = [];
  const fs = filesystem({
    mode: 'async',
    getattr: (_node, _fh, context) => {
      contexts.push(context);
      return new Promise<Attributes | Errno>((resolve) => {
        answers.push(resolve);
        if (context.signal.aborted) resolve(errno.EINTR);
        context.signal.addEventListener('abort', () => resolve(errno.EINTR));
      });
    },
  });
  return { kernel: FakeKernel.started(fs), contexts, answers };
}

describe('INTERRUPT', () => {
  it('of a request under way aborts its signal and is not answered itself', async () => {
    const { kernel } = interruptible();
    const unique = kernel.send(getattr);
    kernel.send(interrupt(unique));
    await turn();
    expect(kernel.reply(unique)?.error).toBe(errno.EINTR.errno);
    expect(kernel.reply(unique + 1)).toBeUndefined();
    expect(kernel.problems).toEqual([]);
  });

  it('before its target: the target starts out interrupted', async () => {
    const { kernel, contexts } = interruptible();
    kernel.send(interrupt(50));
    kernel.send({ ...getattr, header: { unique: 50 } });
    await turn();
    expect(contexts[0].signal.aborted).toBe(true);
    expect(kernel.reply(50)?.error).toBe(errno.EINTR.errno);
    expect(kernel.reply(51)).toBeUndefined();
  });

  it('after its target was answered: EAGAIN with the next request, and nothing is interrupted', async () => {
    const { kernel, answers, contexts } = interruptible();
    const first = kernel.send(getattr);
    answers[0](attributes(1));
    await turn();
    kernel.send(interrupt(first));
    expect(kernel.reply(first + 1)).toBeUndefined();
    const second = kernel.send(getattr);
    expect(kernel.reply(first + 1)?.error).toBe(errno.EAGAIN.errno);
    expect(contexts[1].signal.aborted).toBe(false);
    answers[1](attributes(1));
    await turn();
    expect(kernel.reply(second)?.error).toBe(0);
  });

  it('leaves an answer that comes all the same its way', async () => {
    let answer = (_attributes: Attributes): void => undefined;
    const fs = filesystem({
      mode: 'async',
      getattr: () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    });
    const kernel = FakeKernel.started(fs);
    const unique = kernel.send(getattr);
    kernel.send(interrupt(unique));
    kernel.send(interrupt(unique));
    answer(attributes(1));
    await turn();
    expect(kernel.reply(unique)?.error).toBe(0);
  });

  it('does not stick to the next request that uses the same exchange', async () => {
    const { kernel, contexts, answers } = interruptible();
    const first = kernel.send(getattr);
    kernel.send(interrupt(first));
    await turn();
    const { signal } = contexts[0];
    kernel.send(getattr);
    expect(signal.aborted).toBe(true);
    expect(contexts[1].signal.aborted).toBe(false);
    answers[1](attributes(1));
    await turn();
  });

  it('without end are answered EAGAIN at once when too many wait for their target', () => {
    const { kernel } = interruptible();
    for (let target = 1000; target < 2000; target += 2) kernel.send(interrupt(target));
    expect(kernel.replies.slice(1).map(({ error }) => error)).toEqual(new Array(500 - 256).fill(errno.EAGAIN.errno));
  });
});
