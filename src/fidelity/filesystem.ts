import type { FileSystemFactory } from '../env/index.ts';
import { ram } from '../filesystems/index.ts';
import {
  type Answer,
  type Context,
  type Created,
  dataBytes,
  type Entry,
  Errno,
  errno,
  type FileSystem,
  type NodeId,
  type Notifier,
  type Opened,
  ROOT_NODE,
} from '../vfs/index.ts';

/** The extended attribute of the root whose value, when set, is an order to the filesystem. */
export const CONTROL = 'user.fidelity';

const daemon: Context = { uid: 0, gid: 0, pid: 0, umask: 0, signal: new AbortController().signal };

type Words = readonly string[];

/**
 * The ram filesystem under the orders of a script, which come as values of an extended attribute of the root, from within
 * whose request notifications may be sent: they are about other nodes.
 *
 *     inval_inode PATH OFFSET LENGTH    inval_entry PATH    expire PATH    delete PATH    epoch    prune PATH...
 *     store PATH OFFSET SEED LENGTH     retrieve PATH OFFSET SIZE
 *
 * What another client does behind the kernel's back:
 *
 *     create PATH    mkdir PATH    write PATH OFFSET SEED LENGTH    truncate PATH SIZE    chmod PATH MODE    touch PATH SECONDS
 *     rename PATH NEWPATH    unlink PATH    rmdir PATH    symlink PATH TARGET    generation PATH N: what is found there has
 *     another generation from now on
 *
 * `fail OPERATION CODE`: the next call of a method answers this errno.
 */
class Directed {
  readonly #filesystem: FileSystem;
  readonly #generations = new Map<NodeId, number>();
  readonly #failures: { readonly operation: string; readonly error: Errno }[] = [];
  #notifier: Notifier | undefined;

  constructor(filesystem: FileSystem) {
    this.#filesystem = filesystem;
  }

  start(notifier: Notifier): void {
    this.#notifier = notifier;
  }

  /** The error that a call of this method is to answer, once. */
  failure(operation: string): Errno | undefined {
    const at = this.#failures.findIndex((failure) => failure.operation === operation);
    return at < 0 ? undefined : this.#failures.splice(at, 1)[0].error;
  }

  entry(entry: Entry): Entry {
    const generation = this.#generations.get(entry.node);
    return generation === undefined ? entry : { ...entry, generation };
  }

  /** @throws Errno where the order cannot be carried out */
  obey(order: string): void {
    const [word, ...rest] = order.split(' ');
    const orders: Readonly<Record<string, (words: Words) => void>> = {
      ...this.#notifications(this.#notifier as Notifier),
      ...this.#changes(this.#filesystem),
    };
    const found = orders[word];
    if (found === undefined) throw errno.EINVAL;
    found(rest);
  }

  #notifications(notifier: Notifier): Readonly<Record<string, (words: Words) => void>> {
    return {
      inval_inode: ([path, offset, length]) => notifier.invalInode(this.#node(path), Number(offset), Number(length)),
      inval_entry: ([path]) => notifier.invalEntry(...this.#place(path)),
      expire: ([path]) => notifier.invalEntry(...this.#place(path), { expireOnly: true }),
      delete: ([path]) => {
        const [parent, name] = this.#place(path);
        notifier.delete(parent, this.#node(path), name);
      },
      store: ([path, offset, seed, length]) =>
        notifier.store(this.#node(path), Number(offset), dataBytes({ seed: Number(seed), length: Number(length) })),
      retrieve: ([path, offset, size]) =>
        void notifier.retrieve(this.#node(path), Number(offset), Number(size)).catch(() => {}),
      epoch: () => notifier.incrementEpoch(),
      prune: (paths) => notifier.prune(paths.map((path) => this.#node(path))),
      fail: ([operation, code]) =>
        void this.#failures.push({ operation, error: errno[code as keyof typeof errno] ?? errno.EIO }),
    };
  }

  #changes(fs: FileSystem): Readonly<Record<string, (words: Words) => void>> {
    const made = (entry: Answer<Entry> | undefined): void => fs.forget?.((now(entry) as Entry).node, 1);
    return {
      create: ([path]) => made(fs.mknod?.(...this.#place(path), 0o100644, 0, daemon)),
      mkdir: ([path]) => made(fs.mkdir?.(...this.#place(path), 0o755, daemon)),
      symlink: ([path, target]) => made(fs.symlink?.(...this.#place(path), target, daemon)),
      write: ([path, offset, seed, length]) => this.#write(path, Number(offset), Number(seed), Number(length)),
      truncate: ([path, size]) => void now(fs.setattr?.(this.#node(path), { size: Number(size) }, undefined, daemon)),
      chmod: ([path, mode]) =>
        void now(fs.setattr?.(this.#node(path), { mode: Number.parseInt(mode, 8) }, undefined, daemon)),
      touch: ([path, sec]) =>
        void now(fs.setattr?.(this.#node(path), { mtime: { sec: Number(sec), nsec: 0 } }, undefined, daemon)),
      rename: ([path, newPath]) => now(fs.rename?.(...this.#place(path), ...this.#place(newPath), 0, daemon)),
      unlink: ([path]) => now(fs.unlink?.(...this.#place(path), daemon)),
      rmdir: ([path]) => now(fs.rmdir?.(...this.#place(path), daemon)),
      generation: ([path, generation]) => void this.#generations.set(this.#node(path), Number(generation)),
    };
  }

  #write(path: string, offset: number, seed: number, length: number): void {
    const fs = this.#filesystem;
    const node = this.#node(path);
    const { fh } = now(fs.open?.(node, 2, daemon)) as Opened;
    const options = { flags: 2, fromCache: false, killPrivileges: false, lockOwner: undefined };
    fs.write?.(node, fh, dataBytes({ seed, length }), offset, daemon, options);
    fs.release?.(node, fh, 2, daemon, undefined);
  }

  #node(path: string): NodeId {
    let node = ROOT_NODE;
    for (const name of path.split('/').filter((part) => part !== '')) {
      ({ node } = now(this.#filesystem.lookup(node, name, daemon)));
      this.#filesystem.forget?.(node, 1);
    }
    return node;
  }

  #place(path: string): [parent: NodeId, name: string] {
    const slash = path.lastIndexOf('/');
    return [this.#node(path.slice(0, slash)), path.slice(slash + 1)];
  }
}

/** The answer of a filesystem that answers at once. */
function now<T>(answer: Answer<T> | undefined): T {
  if (answer instanceof Errno) throw answer;
  return answer as T;
}

const ofItsOwn: ReadonlySet<string> = new Set(['constructor', 'init', 'destroy', 'forget', 'inode']);

/** Names of the methods that ask a filesystem for something. */
function operationsOf(filesystem: object): string[] {
  const names = new Set<string>();
  for (let at = filesystem; at !== Object.prototype; at = Object.getPrototypeOf(at) as object)
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at)))
      if (typeof value === 'function' && !ofItsOwn.has(name)) names.add(name);
  return [...names];
}

type Method = (...given: unknown[]) => unknown;

/** What a method's answer becomes; errors stay. */
function mapped<T>(answer: Answer<T>, change: (value: T) => T): Answer<T> {
  if (answer instanceof Promise) return answer.then((value) => (value instanceof Errno ? value : change(value)));
  return answer instanceof Errno ? answer : change(answer);
}

/** What a new handle is opened with is the mount's choice. */
const plain = ({ fh }: Opened): Opened => ({ fh });

/**
 * Makes the filesystem that scripts run on. Options: those of ram, and `without`, methods that it shall not have (separated by
 * commas). Whether opened files keep their cache is left to the mount options.
 */
export const directed: FileSystemFactory = (environment, { without = '', ...options }) => {
  const inner = ram(environment, options);
  const directed = new Directed(inner);
  const missing = new Set(String(without).split(','));
  const methods = inner as unknown as Readonly<Record<string, Method | undefined>>;
  const passed = operationsOf(inner).filter((name) => !missing.has(name));
  const passing = (name: string): Method => {
    const method = (methods[name] as Method).bind(inner);
    return (...given) => directed.failure(name) ?? method(...given);
  };
  const { name, mode, wishes, destroy, forget } = inner;
  const fs = {
    ...{ name, mode, wishes },
    ...Object.fromEntries(passed.map((operation) => [operation, passing(operation)])),
    init: (_, notifier) => directed.start(notifier),
    destroy: destroy?.bind(inner),
    forget: forget?.bind(inner),
  } as FileSystem & Required<Pick<FileSystem, 'setxattr'>>;
  return { ...fs, ...changed(fs, directed) };
};

/** The methods in which orders, generations and the mount's choice show. */
function changed(fs: FileSystem & Required<Pick<FileSystem, 'setxattr'>>, directed: Directed): Partial<FileSystem> {
  const entry = (found: Entry): Entry => directed.entry(found);
  const created = ({ entry: found, opened }: Created): Created => ({ entry: entry(found), opened: plain(opened) });
  const { lookup, mknod, mkdir, symlink, link, create, tmpfile, open, opendir, readdirplus, setxattr } = fs;
  return {
    lookup: (...given) => mapped(lookup(...given), entry),
    mknod: mknod && ((...given) => mapped(mknod(...given), entry)),
    mkdir: mkdir && ((...given) => mapped(mkdir(...given), entry)),
    symlink: symlink && ((...given) => mapped(symlink(...given), entry)),
    link: link && ((...given) => mapped(link(...given), entry)),
    create: create && ((...given) => mapped(create(...given), created)),
    tmpfile: tmpfile && ((...given) => mapped(tmpfile(...given), created)),
    open: open && ((...given) => mapped(open(...given), plain)),
    opendir: opendir && ((...given) => mapped(opendir(...given), plain)),
    readdirplus:
      readdirplus &&
      ((node, fh, offset, sink, context) =>
        readdirplus(node, fh, offset, { add: (name, found, next) => sink.add(name, entry(found), next) }, context)),
    setxattr: (node, name, value, flags, context) => {
      if (node !== ROOT_NODE || name !== CONTROL) return setxattr(node, name, value, flags, context);
      try {
        return directed.obey(Buffer.from(value).toString());
      } catch (error) {
        if (error instanceof Errno) return error;
        throw error;
      }
    },
  };
}
