import * as host from 'node:fs';
import { S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFREG, S_IFSOCK } from '../../vfs/index.ts';

/** An entry of a directory. `type` is a DT_* number. */
export class Dirent<Name extends string | Buffer = string> {
  readonly name: Name;
  readonly parentPath: string;
  readonly path: string;
  readonly #type: number;

  constructor(name: Name, type: number, parentPath: string) {
    this.name = name;
    this.parentPath = parentPath;
    this.path = parentPath;
    this.#type = type << 12;
  }

  isDirectory(): boolean {
    return this.#type === S_IFDIR;
  }

  isFile(): boolean {
    return this.#type === S_IFREG;
  }

  isBlockDevice(): boolean {
    return this.#type === S_IFBLK;
  }

  isCharacterDevice(): boolean {
    return this.#type === S_IFCHR;
  }

  isSymbolicLink(): boolean {
    return this.#type === S_IFLNK;
  }

  isFIFO(): boolean {
    return this.#type === S_IFIFO;
  }

  isSocket(): boolean {
    return this.#type === S_IFSOCK;
  }
}
// So that `instanceof` holds with the Dirent of node:fs too.
Object.setPrototypeOf(Dirent.prototype, host.Dirent.prototype);
