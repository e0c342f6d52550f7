import {
  type Answer,
  type AttributeChanges,
  type Attributes,
  type Context,
  type DirentPlusSink,
  type DirentSink,
  type Entry,
  Errno,
  type FileSystem,
  type Handle,
  type NodeId,
  nameFromBytes,
  O_RDWR,
  type Opened,
  type PackedDirents,
  ROOT_NODE,
  type U64,
} from '../../src/vfs/index.ts';

export const rootContext: Context = { uid: 0, gid: 0, pid: 1, umask: 0o022, signal: new AbortController().signal };

export function contextOf(uid: number, gid = uid): Context {
  return { ...rootContext, uid, gid };
}

/** The answer of a synchronous method that must succeed; an errno is thrown. */
export function ok<T>(answer: Answer<T>): T {
  if (answer instanceof Promise) throw new Error('expected an answer, given a promise');
  if (answer instanceof Errno) throw answer;
  return answer;
}

/** The name of the errno that a synchronous method answered or threw, 'ok' where it succeeded. */
export function codeOf(ask: () => Answer<unknown>): string {
  try {
    ok(ask());
    return 'ok';
  } catch (error) {
    if (error instanceof Object && 'code' in error) return String(error.code);
    throw error;
  }
}

export interface Listed {
  readonly name: string;
  readonly ino: U64;
  readonly type: number;
  readonly offset: U64;
}

/** Takes up to `room` entries, packed ones decoded. */
class Collector implements DirentSink {
  readonly entries: Listed[] = [];
  readonly #room: number;

  constructor(room: number) {
    this.#room = room;
  }

  add(name: string, ino: U64, type: number, offset: U64): boolean {
    if (this.entries.length >= this.#room) return false;
    this.entries.push({ name, ino, type, offset });
    return true;
  }

  addPacked(packed: PackedDirents, offset: U64): void {
    const view = new DataView(packed.bytes.buffer, packed.bytes.byteOffset, packed.bytes.length);
    let start = 0;
    for (let i = 0; i < packed.count; start = packed.ends[i], i++) {
      if (packed.offsets[i] <= Number(offset)) continue;
      const name = nameFromBytes(packed.bytes.subarray(start + 24, start + 24 + view.getUint32(start + 16, true)));
      const ino = Number(view.getBigUint64(start, true));
      const next = Number(view.getBigUint64(start + 8, true));
      if (!this.add(name, ino, view.getUint32(start + 20, true), next)) return;
    }
  }
}

/** Drives a synchronous filesystem by paths, without a kernel: it walks, asks, and forgets what it looked up. */
export class Direct {
  readonly fs: FileSystem;
  readonly context: Context;

  constructor(fs: FileSystem, context: Context = rootContext) {
    this.fs = fs;
    this.context = context;
  }

  /** The same filesystem for another caller. */
  as(uid: number, gid = uid): Direct {
    return new Direct(this.fs, contextOf(uid, gid));
  }

  /** Walks to a path and calls `use` while the nodes on the way are referenced. */
  at<T>(path: string, use: (node: NodeId) => T): T {
    const taken: NodeId[] = [];
    try {
      let node = ROOT_NODE;
      for (const name of path.split('/').filter(Boolean)) {
        node = ok(this.fs.lookup(node, name, this.context)).node;
        taken.push(node);
      }
      return use(node);
    } finally {
      for (const node of taken) this.fs.forget?.(node, 1);
    }
  }

  /** As `at`, with the parent's node and the last name. */
  in<T>(path: string, use: (parent: NodeId, name: string) => T): T {
    const cut = path.lastIndexOf('/');
    return this.at(path.slice(0, cut), (parent) => use(parent, path.slice(cut + 1)));
  }

  stat(path: string): Attributes {
    return this.at(path, (node) => ok(this.fs.getattr(node, undefined, this.context)));
  }

  set(path: string, changes: AttributeChanges): Attributes {
    return this.at(path, (node) => ok(this.fs.setattr!(node, changes, undefined, this.context)));
  }

  #dropped(entry: Entry): void {
    this.fs.forget?.(entry.node, 1);
  }

  mkdir(path: string, mode = 0o755): void {
    this.in(path, (parent, name) => this.#dropped(ok(this.fs.mkdir!(parent, name, mode, this.context))));
  }

  mknod(path: string, mode: number, rdev = 0): void {
    this.in(path, (parent, name) => this.#dropped(ok(this.fs.mknod!(parent, name, mode, rdev, this.context))));
  }

  symlink(target: string, path: string): void {
    this.in(path, (parent, name) => this.#dropped(ok(this.fs.symlink!(parent, name, target, this.context))));
  }

  readlink(path: string): string {
    return this.at(path, (node) => ok(this.fs.readlink!(node, this.context)));
  }

  link(path: string, newPath: string): void {
    this.at(path, (node) =>
      this.in(newPath, (parent, name) => this.#dropped(ok(this.fs.link!(node, parent, name, this.context)))),
    );
  }

  unlink(path: string): void {
    this.in(path, (parent, name) => ok(this.fs.unlink!(parent, name, this.context)));
  }

  rmdir(path: string): void {
    this.in(path, (parent, name) => ok(this.fs.rmdir!(parent, name, this.context)));
  }

  rename(path: string, newPath: string, flags = 0): void {
    this.in(path, (parent, name) =>
      this.in(newPath, (newParent, newName) =>
        ok(this.fs.rename!(parent, name, newParent, newName, flags, this.context)),
      ),
    );
  }

  /** Opens; the node stays referenced until `close`. */
  open(path: string, flags = O_RDWR): OpenFile {
    return this.in(path, (parent, name) => {
      const { node } = ok(this.fs.lookup(parent, name, this.context));
      const answer = this.fs.open?.(node, flags, this.context) ?? { fh: 0 };
      if (answer instanceof Errno) this.fs.forget?.(node, 1);
      return new OpenFile(this, node, ok(answer), flags);
    });
  }

  create(path: string, mode = 0o644, flags = O_RDWR): OpenFile {
    return this.in(path, (parent, name) => {
      const { entry, opened } = ok(this.fs.create!(parent, name, mode, flags, this.context));
      return new OpenFile(this, entry.node, opened, flags);
    });
  }

  tmpfile(path: string, mode = 0o600, flags = O_RDWR): OpenFile {
    return this.at(path, (parent) => {
      const { entry, opened } = ok(this.fs.tmpfile!(parent, mode, flags, this.context));
      return new OpenFile(this, entry.node, opened, flags);
    });
  }

  /** Makes a file with content. */
  write(path: string, content: string | Uint8Array = ''): void {
    const file = this.create(path);
    file.write(content);
    file.close();
  }

  /** The whole content as text. */
  read(path: string): string {
    const file = this.open(path, 0);
    try {
      return file.text();
    } finally {
      file.close();
    }
  }

  opendir(path: string): OpenDirectory {
    return this.at(path, (node) => {
      const answer = this.fs.opendir?.(node, 0, this.context) ?? { fh: 0 };
      return new OpenDirectory(this, node, ok(answer).fh);
    });
  }

  /** The sorted names of a directory, without `.` and `..`. */
  names(path: string): string[] {
    const directory = this.opendir(path);
    const entries = directory.all();
    directory.close();
    return entries
      .map((entry) => entry.name)
      .filter((name) => name !== '.' && name !== '..')
      .sort();
  }
}

export class OpenFile {
  readonly node: NodeId;
  readonly opened: Opened;
  readonly fh: Handle;
  readonly #direct: Direct;
  readonly #flags: number;

  constructor(direct: Direct, node: NodeId, opened: Opened, flags: number) {
    this.#direct = direct;
    this.node = node;
    this.opened = opened;
    this.fh = opened.fh;
    this.#flags = flags;
  }

  get #fs(): FileSystem {
    return this.#direct.fs;
  }

  stat(): Attributes {
    return ok(this.#fs.getattr(this.node, this.fh, this.#direct.context));
  }

  truncate(size: number): void {
    ok(this.#fs.setattr!(this.node, { size }, this.fh, this.#direct.context));
  }

  read(offset: number, length: number): Uint8Array {
    const into = new Uint8Array(length).fill(0xee);
    return into.subarray(0, ok(this.#fs.read!(this.node, this.fh, into, offset, this.#direct.context)));
  }

  text(): string {
    return Buffer.from(this.read(0, 1 << 20)).toString();
  }

  write(content: string | Uint8Array, offset = 0, killPrivileges = false): number {
    const data = typeof content === 'string' ? Buffer.from(content) : content;
    const options = { flags: this.#flags, fromCache: false, killPrivileges, lockOwner: undefined };
    return ok(this.#fs.write!(this.node, this.fh, data, offset, this.#direct.context, options));
  }

  fallocate(mode: number, offset: number, length: number): void {
    ok(this.#fs.fallocate!(this.node, this.fh, mode, offset, length, this.#direct.context));
  }

  lseek(offset: number, whence: number): number {
    return ok(this.#fs.lseek!(this.node, this.fh, offset, whence, this.#direct.context));
  }

  /** Releases the handle; the node stays referenced. */
  release(): void {
    ok(this.#fs.release?.(this.node, this.fh, this.#flags, this.#direct.context, undefined));
  }

  close(): void {
    this.release();
    this.#fs.forget?.(this.node, 1);
  }
}

export class OpenDirectory {
  readonly #direct: Direct;
  readonly #node: NodeId;
  readonly #fh: Handle;

  constructor(direct: Direct, node: NodeId, fh: Handle) {
    this.#direct = direct;
    this.#node = node;
    this.#fh = fh;
  }

  /** At most `room` entries behind `offset`. */
  read(offset: U64, room: number): Listed[] {
    const sink = new Collector(room);
    ok(this.#direct.fs.readdir!(this.#node, this.#fh, offset, sink, this.#direct.context));
    return sink.entries;
  }

  all(room = Number.POSITIVE_INFINITY): Listed[] {
    const entries: Listed[] = [];
    for (;;) {
      const more = this.read(entries.at(-1)?.offset ?? 0, room);
      if (more.length === 0) return entries;
      entries.push(...more);
    }
  }

  /** As readdirplus gives them; the references that it took are given back. */
  plus(): { name: string; entry: Entry }[] {
    const entries: { name: string; entry: Entry }[] = [];
    const sink: DirentPlusSink = { add: (name, entry) => entries.push({ name, entry }) > 0 };
    ok(this.#direct.fs.readdirplus!(this.#node, this.#fh, 0, sink, this.#direct.context));
    for (const { name, entry } of entries) if (name !== '.' && name !== '..') this.#direct.fs.forget?.(entry.node, 1);
    return entries;
  }

  fsync(): void {
    ok(this.#direct.fs.fsyncdir?.(this.#node, this.#fh, false, this.#direct.context));
  }

  close(): void {
    ok(this.#direct.fs.releasedir?.(this.#node, this.#fh, this.#direct.context));
  }
}
