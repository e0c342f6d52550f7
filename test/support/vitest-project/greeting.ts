import type { Attributes, FileSystem } from '../../../src/vfs/index.ts';

const content: Uint8Array = new TextEncoder().encode('hello');
const enoent = Object.assign(new Error('no such file'), { code: 'ENOENT' });

/** One file, `hello`. */
export default function greeting(): FileSystem {
  const time = { sec: 0, nsec: 0 };
  const attributes = (node: number): Attributes => {
    const mode = node === 1 ? 0o40755 : 0o100644;
    const size = node === 1 ? 0 : content.length;
    const times = { atime: time, mtime: time, ctime: time };
    return { ino: node, mode, nlink: 1, uid: 0, gid: 0, rdev: 0, size, blocks: 0, blksize: 4096, ...times };
  };
  return {
    name: 'greeting',
    mode: 'sync',
    lookup(_parent, name) {
      if (name !== 'hello') throw enoent;
      return { node: 2, generation: 0, attributes: attributes(2) };
    },
    getattr: (node) => attributes(node),
    read(_node, _fh, into, offset) {
      const part = content.subarray(offset, offset + into.length);
      into.set(part);
      return part.length;
    },
  };
}
