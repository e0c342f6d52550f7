import {
  decodeNotification,
  decodeReply,
  type ErrorReply,
  encodeRequest,
  initFlags,
  initFlags2,
  isNotification,
  Message,
  type Notification,
  type Reply,
  type ReplyOf,
  type Request,
  type RequestHeader,
  type RequestOf,
  requestOpcode,
  Session,
  type SessionOptions,
} from '../../../src/fuse/index.ts';
import { type Attributes, type Entry, errno, type FileSystem, S_IFDIR, S_IFREG } from '../../../src/vfs/index.ts';

const now = { sec: 1_700_000_000, nsec: 5 };

export function attributes(ino: number, changes: Partial<Attributes> = {}): Attributes {
  const zero = { nlink: 1, uid: 0, gid: 0, rdev: 0, size: 0, blocks: 0, blksize: 4096 };
  return { ino, mode: S_IFREG | 0o644, ...zero, atime: now, mtime: now, ctime: now, ...changes };
}

export const entry = (node: number, changes: Partial<Entry> = {}): Entry => ({
  node,
  generation: 0,
  attributes: attributes(node),
  ...changes,
});

/** A filesystem in which the name `n7` of any directory is node 7, and each node has attributes. */
export function filesystem(methods: Partial<FileSystem> = {}): FileSystem {
  return {
    name: 'fake',
    mode: 'sync',
    lookup: (_parent, name) => (/^n\d+$/.test(name) ? entry(Number(name.slice(1))) : errno.ENOENT),
    getattr: (node) => attributes(node, node === 1 ? { mode: S_IFDIR | 0o755 } : {}),
    ...methods,
  };
}

type Draft<R> = R extends Request ? Omit<R, 'header'> & { header?: Partial<RequestHeader> } : never;

/** The header of a request and whose reply it awaits; everything that came back. */
export class FakeKernel {
  readonly session: Session;
  readonly problems: string[] = [];
  readonly errors: unknown[] = [];
  readonly replies: (Reply | ErrorReply)[] = [];
  readonly notifications: Notification[] = [];
  /** What `send` answers: an errno number for every message from now on. */
  refusal = 0;
  readonly message = new Message(1 << 21);
  readonly #opcodes = new Map<unknown, number>();
  #unique = 2;

  constructor(fs: FileSystem, options: Partial<SessionOptions> = {}) {
    this.session = new Session(fs, {
      report: (problem, error) => {
        this.problems.push(problem);
        if (error !== undefined) this.errors.push(error);
      },
      send: (message, length) => this.#take(message, length),
      ...options,
    });
  }

  /** A kernel that has sent INIT already. */
  static started(fs: FileSystem, options: Partial<SessionOptions> = {}): FakeKernel {
    const kernel = new FakeKernel(fs, options);
    kernel.init();
    return kernel;
  }

  init(changes: Partial<RequestOf<'INIT'>['body']> = {}): Reply | ErrorReply | undefined {
    const body = { major: 7, minor: 45, max_readahead: 131072, flags: 0x73fffffb, flags2: 0x5fd, ...changes };
    return this.call({ op: 'INIT', body });
  }

  /** Sends a request and gives its reply, undefined where there is none yet. */
  call(draft: Draft<Request>): Reply | ErrorReply | undefined {
    const unique = this.send(draft);
    return this.reply(unique);
  }

  /** Sends a request that must succeed at once. */
  get<Name extends Reply['op'] & Request['op']>(draft: Draft<RequestOf<Name> & Request> & { op: Name }): ReplyOf<Name> {
    const reply = this.call(draft as Draft<Request>);
    if (reply?.op !== draft.op)
      throw new Error(
        `${draft.op}: expected success, given ${JSON.stringify(reply)}; problems: ${this.problems.join('; ')}`,
      );
    return reply as ReplyOf<Name>;
  }

  /** The errno number of a request that must fail at once; 0 where it succeeds. */
  error(draft: Draft<Request>): number | undefined {
    return this.call(draft)?.error;
  }

  /** Sends a request and gives its unique. */
  send(draft: Draft<Request>): number {
    const unique = Number(draft.header?.unique ?? this.#unique);
    this.#unique = Math.max(this.#unique, unique) + 2;
    const header = { nodeid: 1, uid: 0, gid: 0, pid: 10, ...draft.header, unique };
    const length = encodeRequest(this.message, { ...draft, header } as Request, {
      minor: this.session.negotiated?.minor ?? 45,
      setxattrExt: false,
    });
    this.#opcodes.set(unique, requestOpcode(this.message));
    this.session.receive(this.message, length);
    // The buffer is the sender's again.
    this.message.bytes.fill(0xee, 0, length);
    return unique;
  }

  reply(unique: number): Reply | ErrorReply | undefined {
    return this.replies.find((reply) => reply.unique === unique);
  }

  lookup(name: string, nodeid = 1): void {
    this.get<'LOOKUP'>({ op: 'LOOKUP', header: { nodeid }, name });
  }

  #take(message: Message, length: number): number {
    const copy = new Message(length);
    copy.bytes.set(message.bytes.subarray(0, length));
    if (isNotification(copy)) {
      const notification = decodeNotification(copy, length);
      if (notification.op === 'MALFORMED') throw new Error(notification.problem);
      this.notifications.push(notification);
      return this.refusal;
    }
    const unique = copy.words[2] + copy.words[3] * 2 ** 32;
    const reply = decodeReply(this.#opcodes.get(unique) ?? 0, copy, length);
    if (reply.op === 'MALFORMED') throw new Error(reply.problem);
    if (this.replies.some((earlier) => earlier.unique === unique)) throw new Error(`${unique} is answered twice`);
    this.replies.push(reply);
    return this.refusal;
  }
}

export { initFlags, initFlags2 };
