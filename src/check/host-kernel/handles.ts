import type { CallOf } from '../../vfs/index.ts';
import { errno, O_CLOEXEC, O_NOCTTY, O_NONBLOCK } from '../../vfs/index.ts';
import { cString } from './confinement.ts';
import { AT_FDCWD, libc } from './libc.ts';

/** struct file_handle: the number of bytes, the type, the bytes. */
const HEADER = 8;
const MAX_HANDLE_SZ = 128;

/** The file handles that a process keeps, by the program's numbers. */
export class Handles {
  readonly #c = libc();
  #handles = new Map<number, Uint8Array>();

  make(dirfd: number, { path, flags, into }: CallOf<'name_to_handle_at'>): number {
    const handle = Buffer.alloc(HEADER + MAX_HANDLE_SZ);
    handle.writeUInt32LE(MAX_HANDLE_SZ, 0);
    const mount = Buffer.alloc(8);
    if (this.#c.name_to_handle_at(dirfd, cString(path), handle, mount, flags) < 0) return -this.#c.errno();
    let number = into ?? 0;
    if (into === undefined) while (this.#handles.has(number)) number += 1;
    this.#handles.set(number, handle);
    return number;
  }

  /** A real descriptor, or an error. */
  open({ handle, flags }: CallOf<'open_by_handle_at'>): number {
    const bytes = this.#handles.get(handle);
    if (bytes === undefined) return -errno.EBADF.errno;
    // The working directory, which nothing leads out of, names the mount; a directory's descriptor would have to be readable.
    const fd = this.#c.open_by_handle_at(AT_FDCWD, bytes, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return fd < 0 ? -this.#c.errno() : fd;
  }

  entries(): [number, Uint8Array][] {
    return [...this.#handles];
  }

  replaceAll(handles: readonly (readonly [number, Uint8Array])[]): void {
    this.#handles = new Map(handles);
  }
}
