import { loadFuseNative, type PathOperations, type PathStat } from '../../mount/libfuse/load.ts';

/**
 * The daemon of the benchmark as the README of fuse-native has one written: callbacks on the main thread, an in-memory tree
 * keyed by path. `direct_io` and timeouts of 0 ride in behind the name, as in the libfuse channel.
 */
interface Node {
  mode: number;
  data: Buffer;
  size: number;
  changed: number;
}

const [directory] = process.argv.slice(2);
const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;
const ENOENT = -2;

const nodes = new Map<string, Node>([['/', newNode(S_IFDIR | 0o755)]]);
const children = new Map<string, Set<string>>([['/', new Set()]]);
const open: (Node | undefined)[] = [];

function newNode(mode: number): Node {
  return { mode, data: Buffer.alloc(0), size: 0, changed: Date.now() };
}

function split(path: string): readonly [parent: string, name: string] {
  const slash = path.lastIndexOf('/');
  return [slash === 0 ? '/' : path.slice(0, slash), path.slice(slash + 1)];
}

function add(path: string, node: Node): void {
  const [parent, name] = split(path);
  nodes.set(path, node);
  children.get(parent)?.add(name);
}

function remove(path: string): Node | undefined {
  const [parent, name] = split(path);
  const node = nodes.get(path);
  nodes.delete(path);
  children.get(parent)?.delete(name);
  return node;
}

function openNode(node: Node): number {
  const free = open.indexOf(undefined);
  const fd = free < 0 ? open.length : free;
  open[fd] = node;
  return fd;
}

function stat({ mode, size, changed }: Node): PathStat {
  const ids = { uid: 0, gid: 0, ino: 0, rdev: 0 };
  const times = { atime: changed, mtime: changed, ctime: changed };
  return { ...ids, ...times, mode, size, nlink: 1, blksize: 4096, blocks: Math.ceil(size / 512) };
}

function grow(node: Node, size: number): void {
  if (size > node.data.length) node.data = Buffer.concat([node.data, Buffer.alloc(Math.max(size, 4096))]);
  node.size = Math.max(node.size, size);
}

const operations: Partial<PathOperations> = {
  getattr(path, done) {
    const node = nodes.get(path);
    if (node === undefined) done(ENOENT);
    else done(0, stat(node));
  },
  fgetattr(_path, fd, done) {
    const node = open[fd];
    if (node === undefined) done(ENOENT);
    else done(0, stat(node));
  },
  readdir: (path, done) => done(0, ['.', '..', ...(children.get(path) ?? [])]),
  open(path, _flags, done) {
    const node = nodes.get(path);
    if (node === undefined) done(ENOENT);
    else done(0, openNode(node));
  },
  create(path, mode, done) {
    const node = newNode(S_IFREG | mode);
    add(path, node);
    done(0, openNode(node));
  },
  mkdir(path, mode, done) {
    add(path, newNode(S_IFDIR | mode));
    children.set(path, new Set());
    done(0);
  },
  release(_path, fd, done) {
    open[fd] = undefined;
    done(0);
  },
  read(_path, fd, into, length, position, done) {
    const node = open[fd];
    if (node === undefined) return done(ENOENT);
    const end = Math.min(node.size, position + length);
    done(end <= position ? 0 : node.data.copy(into, 0, position, end));
  },
  write(_path, fd, data, length, position, done) {
    const node = open[fd];
    if (node === undefined) return done(ENOENT);
    grow(node, position + length);
    data.copy(node.data, position, 0, length);
    node.changed = Date.now();
    done(length);
  },
  // libfuse renames what is removed before its last release has come.
  rename(path, newPath, done) {
    const node = remove(path);
    if (node === undefined) return done(ENOENT);
    add(newPath, node);
    done(0);
  },
  unlink: (path, done) => done(remove(path) === undefined ? ENOENT : 0),
};

const Fuse = loadFuseNative();
const options = 'bench,big_writes,direct_io,entry_timeout=0,attr_timeout=0,negative_timeout=0';
// What is left out answers ENOSYS.
const fuse = new Fuse(directory, operations as PathOperations, { timeout: false, fsname: options });
fuse.mount((error) => {
  if (error !== null) throw error;
});
