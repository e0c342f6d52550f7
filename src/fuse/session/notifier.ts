import { type Errno, errno, errnoOf, type NodeId, type Notifier, type U64 } from '../../vfs/index.ts';
import { Message } from '../message.ts';
import { encodeNotification, FUSE_EXPIRE_ONLY, type Notification, notificationSize } from '../protocol/index.ts';
import type { Core } from './core.ts';

/** The minor version that brought each notification. */
const since: Readonly<Record<Notification['op'], number>> = {
  POLL: 11,
  INVAL_INODE: 12,
  INVAL_ENTRY: 12,
  STORE: 15,
  RETRIEVE: 15,
  DELETE: 18,
  RESEND: 40,
  INC_EPOCH: 44,
  PRUNE: 45,
};

/** The kernel does not have what the notification is about: there is nothing to be told. */
const harmless: ReadonlySet<number> = new Set([errno.ENOENT.errno, errno.ENOTDIR.errno]);

/** Nodes in one PRUNE. */
const PRUNE_BATCH = 512;

interface Retrieval {
  readonly resolve: (data: Uint8Array) => void;
  readonly reject: (error: Errno) => void;
}

/** Sends a session's notifications and matches what the kernel sends back. */
export class SessionNotifier implements Notifier {
  readonly #core: Core;
  readonly #retrievals = new Map<U64, Retrieval>();
  #nextUnique = 1;

  constructor(core: Core) {
    this.#core = core;
  }

  invalInode(node: NodeId, offset: number, length: number): void {
    this.#send({ op: 'INVAL_INODE', body: { ino: node, off: offset < 0 ? -1 : offset, len: length } });
  }

  invalEntry(parent: NodeId, name: string, options?: { readonly expireOnly?: boolean }): void {
    const flags = options?.expireOnly ? FUSE_EXPIRE_ONLY : 0;
    this.#send({ op: 'INVAL_ENTRY', body: { parent, namelen: 0, flags }, name });
  }

  delete(parent: NodeId, child: NodeId, name: string): void {
    this.#send({ op: 'DELETE', body: { parent, child, namelen: 0 }, name });
  }

  store(node: NodeId, offset: number, data: Uint8Array): void {
    const step = this.#core.negotiated?.maxWrite ?? data.length;
    for (let at = 0; at < data.length; at += step) {
      const part = data.subarray(at, at + step);
      this.#send({ op: 'STORE', body: { nodeid: node, offset: offset + at, size: part.length }, data: part });
    }
  }

  retrieve(node: NodeId, offset: number, size: number): Promise<Uint8Array> {
    const unique = this.#nextUnique++;
    return new Promise((resolve, reject) => {
      this.#retrievals.set(unique, { resolve, reject });
      const error = this.#send({ op: 'RETRIEVE', body: { notify_unique: unique, nodeid: node, offset, size } });
      if (error === undefined) return;
      this.#retrievals.delete(unique);
      reject(error);
    });
  }

  pollWakeup(pollHandle: U64): void {
    this.#send({ op: 'POLL', body: { kh: pollHandle } });
  }

  incrementEpoch(): void {
    this.#send({ op: 'INC_EPOCH' });
  }

  prune(nodes: readonly NodeId[]): void {
    for (let at = 0; at < nodes.length; at += PRUNE_BATCH)
      this.#send({ op: 'PRUNE', body: { count: 0 }, nodes: nodes.slice(at, at + PRUNE_BATCH) });
  }

  /** A NOTIFY_REPLY came: the data that `retrieve` waits for. */
  retrieved(unique: U64, data: Uint8Array): void {
    const retrieval = this.#retrievals.get(unique);
    if (retrieval === undefined) {
      this.#core.options.report(`NOTIFY_REPLY: expected the unique of a retrieve that waits, given ${unique}`);
      return;
    }
    this.#retrievals.delete(unique);
    retrieval.resolve(data);
  }

  /** No reply will come any more. */
  close(): void {
    for (const { reject } of this.#retrievals.values()) reject(errno.ENODEV);
    this.#retrievals.clear();
  }

  /** Gives the error where the kernel did not take it. What it merely does not know is no problem; anything else is reported. */
  #send(notification: Notification): Errno | undefined {
    const { negotiated, closed, options } = this.#core;
    if (closed) return errno.ENODEV;
    if (negotiated === undefined || negotiated.minor < since[notification.op]) {
      const given = negotiated === undefined ? 'none yet' : `7.${negotiated.minor}`;
      options.report(
        `notification ${notification.op}: expected a protocol of at least 7.${since[notification.op]}, given ${given}`,
      );
      return errno.ENOSYS;
    }
    const message = new Message(notificationSize(notification));
    const number = this.#core.send(message, encodeNotification(message, notification));
    if (number === 0) return undefined;
    const error = errnoOf(number) ?? errno.EIO;
    if (!harmless.has(number)) options.report(`notification ${notification.op}: the kernel answered ${error.code}`);
    return error;
  }
}
