import { expect, it } from 'vitest';
import { errno } from '../../../src/vfs/index.ts';
import { FakeKernel, filesystem } from './fake-kernel.ts';

it('each notification goes out as the kernel reads it', () => {
  const kernel = FakeKernel.started(filesystem(), { maxWrite: 4096 });
  const { notifier } = kernel.session;
  notifier.invalInode(2, 5, 0);
  notifier.invalInode(2, -7, 0);
  notifier.invalEntry(1, 'ä');
  notifier.invalEntry(1, 'b', { expireOnly: true });
  notifier.delete(1, 2, 'c');
  notifier.store(2, 100, new Uint8Array(5000).fill(1));
  notifier.pollWakeup(2n ** 60n);
  notifier.incrementEpoch();
  notifier.prune([2, 3]);
  expect(kernel.notifications).toMatchObject([
    { op: 'INVAL_INODE', body: { ino: 2, off: 5, len: 0 } },
    { op: 'INVAL_INODE', body: { ino: 2, off: -1, len: 0 } },
    { op: 'INVAL_ENTRY', body: { parent: 1, namelen: 2, flags: 0 }, name: 'ä' },
    { op: 'INVAL_ENTRY', body: { parent: 1, flags: 1 }, name: 'b' },
    { op: 'DELETE', body: { parent: 1, child: 2 }, name: 'c' },
    { op: 'STORE', body: { nodeid: 2, offset: 100, size: 4096 } },
    { op: 'STORE', body: { nodeid: 2, offset: 4196, size: 904 } },
    { op: 'POLL', body: { kh: 2n ** 60n } },
    { op: 'INC_EPOCH' },
    { op: 'PRUNE', body: { count: 2 }, nodes: [2, 3] },
  ]);
  expect(kernel.problems).toEqual([]);
});

it('retrieve waits for the NOTIFY_REPLY with its unique', async () => {
  const kernel = FakeKernel.started(filesystem());
  const first = kernel.session.notifier.retrieve(2, 0, 10);
  const second = kernel.session.notifier.retrieve(2, 10, 10);
  const uniques = kernel.notifications.map((sent) => (sent.op === 'RETRIEVE' ? Number(sent.body.notify_unique) : 0));
  for (const [i, unique] of [...uniques.entries()].reverse())
    kernel.send({ op: 'NOTIFY_REPLY', header: { unique }, body: { offset: 0, size: 0 }, data: new Uint8Array([i]) });
  expect([...(await first), ...(await second)]).toEqual([0, 1]);
  kernel.send({
    op: 'NOTIFY_REPLY',
    header: { unique: uniques[0] },
    body: { offset: 0, size: 0 },
    data: new Uint8Array(1),
  });
  expect(kernel.problems).toEqual([`NOTIFY_REPLY: expected the unique of a retrieve that waits, given ${uniques[0]}`]);
});

it('what the kernel does not know is no problem; another refusal is', async () => {
  const kernel = FakeKernel.started(filesystem());
  kernel.refusal = errno.ENOENT.errno;
  kernel.session.notifier.invalInode(2, 0, 0);
  await expect(kernel.session.notifier.retrieve(2, 0, 1)).rejects.toBe(errno.ENOENT);
  expect(kernel.problems).toEqual([]);
  kernel.refusal = errno.EINVAL.errno;
  kernel.session.notifier.invalInode(2, 0, 0);
  expect(kernel.problems).toEqual(['notification INVAL_INODE: the kernel answered EINVAL']);
});

it('a notification that the kernel is too old for is reported and not sent', () => {
  const kernel = new FakeKernel(filesystem());
  kernel.session.notifier.incrementEpoch();
  kernel.init({ minor: 31 });
  kernel.session.notifier.incrementEpoch();
  kernel.session.notifier.invalEntry(1, 'a');
  expect(kernel.notifications).toHaveLength(1);
  expect(kernel.problems).toEqual([
    'notification INC_EPOCH: expected a protocol of at least 7.44, given none yet',
    'notification INC_EPOCH: expected a protocol of at least 7.44, given 7.31',
  ]);
});

it('a retrieve that waits when the session ends fails', async () => {
  const kernel = FakeKernel.started(filesystem());
  const data = kernel.session.notifier.retrieve(2, 0, 10);
  kernel.session.close();
  await expect(data).rejects.toBe(errno.ENODEV);
  await expect(kernel.session.notifier.retrieve(2, 0, 10)).rejects.toBe(errno.ENODEV);
});
