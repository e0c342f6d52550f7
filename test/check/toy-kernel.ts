import { capabilities, type Target, type Without } from '../../src/check/index.ts';
import {
  type Call,
  dataBytes,
  errno,
  type Kernel,
  S_IFDIR,
  S_IFREG,
  type Stat,
  type SysResult,
} from '../../src/vfs/index.ts';

interface Node {
  readonly ino: number;
  readonly directory: boolean;
  readonly mode: number;
  bytes: Uint8Array;
  readonly atime: number;
  mtime: number;
  ctime: number;
}

/** What can be planted into the toy. */
export type Bug = 'rmdir of a full directory' | 'write keeps mtime' | 'gap of garbage' | 'throws';

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/';

/** A kernel of a few calls on absolute paths without `.`, `..` and links: enough to plant bugs in. */
export class ToyKernel implements Kernel {
  readonly name = 'toy';
  readonly timeSlack = 0;
  readonly #bug: Bug | undefined;
  readonly #nodes = new Map<string, Node>();
  readonly #files = new Map<number, { path: string; node: Node; listed: boolean }>();
  #time = 1;
  #inos = 0;

  constructor(bug?: Bug) {
    this.#bug = bug;
    this.#nodes.set('/', this.#make(true, 0o755));
  }

  spawn(): void {}
  close(): void {}
  now() {
    return { sec: this.#time, nsec: 0 };
  }

  #make(directory: boolean, mode: number): Node {
    return {
      ino: ++this.#inos,
      directory,
      mode,
      bytes: new Uint8Array(0),
      atime: this.#time,
      mtime: this.#time,
      ctime: this.#time,
    };
  }

  #children(path: string): string[] {
    return [...this.#nodes.keys()].filter((other) => other !== '/' && parentOf(other) === path);
  }

  #touch(node: Node | undefined): void {
    if (node === undefined) return;
    node.mtime = this.#time;
    node.ctime = this.#time;
  }

  #stat(path: string, node: Node): Stat {
    const nlink = node.directory
      ? 2 + this.#children(path).filter((name) => this.#nodes.get(name)?.directory).length
      : 1;
    const [atime, mtime, ctime] = [node.atime, node.mtime, node.ctime].map((sec) => ({ sec, nsec: 0 }));
    const mode = (node.directory ? S_IFDIR : S_IFREG) | node.mode;
    const [uid, gid, rdev, blocks, blksize, dev] = [0, 0, 0, 0, 4096, 1];
    return {
      ino: node.ino,
      mode,
      nlink,
      uid,
      gid,
      rdev,
      size: node.bytes.length,
      blocks,
      blksize,
      dev,
      atime,
      mtime,
      ctime,
    };
  }

  call(_pid: number, call: Call): SysResult {
    this.#time++;
    const path = 'path' in call ? call.path : '';
    const node = this.#nodes.get(path);
    const parent = this.#nodes.get(parentOf(path));
    switch (call.op) {
      case 'mkdir':
        if (node !== undefined) return -errno.EEXIST.errno;
        if (parent === undefined) return -errno.ENOENT.errno;
        this.#nodes.set(path, this.#make(true, call.mode & ~0o022));
        this.#touch(parent);
        return 0;
      case 'rmdir': {
        if (node === undefined) return -errno.ENOENT.errno;
        const inside = this.#children(path);
        if (inside.length > 0 && this.#bug !== 'rmdir of a full directory') return -errno.ENOTEMPTY.errno;
        for (const name of [path, ...inside]) this.#nodes.delete(name);
        this.#touch(parent);
        return 0;
      }
      case 'lstat':
        return node === undefined ? -errno.ENOENT.errno : this.#stat(path, node);
      case 'open': {
        if (this.#bug === 'throws') throw new TypeError('the toy broke');
        const fd = call.into ?? 3;
        if (node === undefined && (call.flags & 0o100) === 0) return -errno.ENOENT.errno;
        const made = node ?? this.#make(false, call.mode & ~0o022);
        if (node === undefined) this.#touch(parent);
        this.#nodes.set(path, made);
        this.#files.set(fd, { path, node: made, listed: false });
        return fd;
      }
      case 'close':
        return this.#files.delete(call.fd) ? 0 : -errno.EBADF.errno;
      case 'getdents': {
        const file = this.#files.get(call.fd)!;
        if (file.listed) return [];
        file.listed = true;
        const names = ['.', '..', ...this.#children(file.path).map((name) => name.slice(name.lastIndexOf('/') + 1))];
        return names.map((name, i) => ({ name, ino: 0, type: 0, offset: i + 1 }));
      }
      case 'pwrite':
        return this.#pwrite(call.fd, dataBytes(call.data), call.offset);
      case 'pread':
        return this.#files.get(call.fd)!.node.bytes.slice(call.offset, call.offset + call.size);
      default:
        return -errno.ENOSYS.errno;
    }
  }

  #pwrite(fd: number, data: Uint8Array, offset: number): SysResult {
    const node = this.#files.get(fd)?.node;
    if (node === undefined) return -errno.EBADF.errno;
    const old = node.bytes;
    const bytes = new Uint8Array(Math.max(old.length, offset + data.length));
    if (this.#bug === 'gap of garbage' && offset > old.length) bytes.fill(1);
    bytes.set(old);
    bytes.set(data, offset);
    node.bytes = bytes;
    node.ctime = this.#time;
    if (this.#bug !== 'write keeps mtime') node.mtime = this.#time;
    return data.length;
  }
}

const promised: readonly string[] = [
  'write',
  'directories',
  'renames',
  'directory-descriptors',
  'links',
  'modes',
  'times',
];

export function toyTarget(bug?: Bug, promises = false): Target {
  const start = (): Kernel => {
    const toy = new ToyKernel(bug);
    if (!promises) return toy;
    return {
      name: toy.name,
      timeSlack: 0,
      spawn: () => {},
      call: async (pid, call) => toy.call(pid, call),
      now: () => toy.now(),
      close: async () => {},
    };
  };
  return {
    name: 'toy',
    without: new Set(Object.keys(capabilities).filter((name) => !promised.includes(name))) as Without,
    concurrencyClass: 'deterministic',
    start: promises ? async () => start() : start,
  };
}
