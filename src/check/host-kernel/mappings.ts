import { type CallOf, dataBytes, errno, errnoName, MAP_PRIVATE, MAP_SHARED } from '../../vfs/index.ts';
import { cString } from './confinement.ts';
import { keepFile, keptFile } from './file-passing.ts';
import { libc } from './libc.ts';
import { int64 } from './structs.ts';

const EFAULT = -errno.EFAULT.errno;
const MFD_CLOEXEC = 1;
/** Most bytes that go through the window at once. */
const WINDOW = 1 << 16;
/** Loads are cut short here. */
const LOAD_LIMIT = 1 << 26;

interface Mapping {
  readonly address: number;
  /** Bytes, whole pages. */
  readonly length: number;
  readonly call: Omit<CallOf<'mmap'>, 'fd' | 'into' | 'op'>;
  /** Keeps the open file for children (file-passing.ts). */
  readonly socket: number;
  /** Of a private mapping: offsets of the pages that were stored into, which are its own. */
  readonly own: Set<number>;
}

/** A mapping as a child takes it over; `socket` is the parent's. */
export interface MappingHeritage {
  readonly number: number;
  readonly call: Mapping['call'];
  readonly socket: number;
  readonly own: readonly (readonly [offset: number, bytes: Uint8Array])[];
}

/** What a number without a mapping stands for: no bytes. */
const nothing = { address: 0, length: 0 } as const;

/**
 * The mappings of a process, by the program's numbers. Their memory is touched by the kernel alone, which copies it from and
 * to a file in memory: where a processor would get SIGBUS or SIGSEGV, the copy ends.
 */
export class Mappings {
  readonly #c = libc();
  readonly #page = libc().getpagesize();
  readonly #mappings = new Map<number, Mapping>();
  /** Pages in it and in mappings begin at the same places, so that partial copies end where a page does. */
  #window = -1;

  mmap(fd: number, { offset, size, protection, flags, into }: CallOf<'mmap'>): number {
    // Other flags would choose addresses (MAP_FIXED), or have no file; the table has none of them.
    if ((flags & ~(MAP_SHARED | MAP_PRIVATE)) !== 0) return -errno.EINVAL.errno;
    const call = { offset, size, protection, flags };
    const address = this.#map(fd, call);
    if (address < 0) return address;
    let number = into ?? 0;
    if (into === undefined) while (this.#mappings.has(number)) number += 1;
    this.#remove(number);
    this.#add(number, address, call, keepFile(fd));
    return number;
  }

  munmap(number: number): number {
    return this.#mappings.has(number) ? this.#remove(number) : -errno.EINVAL.errno;
  }

  /** The kernel judges the arguments and syncs; memory beside the mapping is somebody else's, for the program there is none. */
  msync({ map, offset, size, flags }: CallOf<'msync'>): number {
    const mapping = this.#mappings.get(map);
    const { address, length } = mapping ?? nothing;
    const inside = offset >= 0 && offset < length;
    const start = inside ? address + offset : this.#within(offset);
    const end = inside ? Math.min(size, length - offset) : 0;
    const result = this.#c.msync(start, end, flags);
    if (result < 0) return -this.#c.errno();
    return mapping === undefined || size > end ? -errno.ENOMEM.errno : 0;
  }

  load({ map, offset, size }: Pick<CallOf<'load'>, 'map' | 'offset' | 'size'>): Uint8Array | number {
    const total = this.#available(map, offset, size);
    const bytes = Buffer.from(new ArrayBuffer(Math.max(total, 1)));
    const loaded = this.#copy(map, offset, total, (window, memory, at, count, done) => {
      const read = this.#c.pwritev(window, memory, 1, at);
      return read < 0 ? read : this.#c.pread(window, bytes.subarray(done, done + count), read, at);
    });
    return this.#faults(map, offset, size, loaded) ? EFAULT : new Uint8Array(bytes.buffer, 0, loaded);
  }

  store({ map, offset, data }: Pick<CallOf<'store'>, 'map' | 'offset' | 'data'>): number {
    const bytes = dataBytes(data);
    const total = this.#available(map, offset, bytes.length);
    const stored = this.#copy(map, offset, total, (window, memory, at, count, done) => {
      this.#c.pwrite(window, bytes.subarray(done, done + count), count, at);
      return this.#c.preadv(window, memory, 1, at);
    });
    const mapping = this.#mappings.get(map);
    if (stored > 0 && mapping?.call.flags === MAP_PRIVATE)
      for (let page = offset - this.#within(offset); page < offset + stored; page += this.#page) mapping.own.add(page);
    return this.#faults(map, offset, bytes.length, stored) ? EFAULT : stored;
  }

  #faults(map: number, offset: number, size: number, done: number): boolean {
    return !this.#mappings.has(map) || offset < 0 || (done === 0 && size > 0);
  }

  /** A private mapping's own pages go along as bytes: the child maps the file anew. */
  heritage(): MappingHeritage[] {
    return [...this.#mappings].map(([number, { call, socket, own }]) => ({
      number,
      call,
      socket,
      own: [...own].flatMap((offset) => {
        const bytes = this.load({ map: number, offset, size: this.#page });
        return typeof bytes === 'number' ? [] : [[offset, bytes] as const];
      }),
    }));
  }

  /** Takes a parent's mapping over; `socket` is this process's by now. */
  inherit({ number, call, own }: MappingHeritage, socket: number): void {
    const fd = keptFile(socket);
    const address = this.#map(fd, call);
    this.#c.close(fd);
    if (address < 0) throw new Error(`fork: mmap: ${errnoName(-address)}`);
    this.#add(number, address, call, socket);
    for (const [offset, data] of own) this.store({ map: number, offset, data });
  }

  removeAll(): void {
    for (const number of [...this.#mappings.keys()]) this.#remove(number);
  }

  #map(fd: number, { offset, size, protection, flags }: Mapping['call']): number {
    const address = Number(this.#c.mmap(0, int64(size), protection, flags, fd, int64(offset)));
    return address < 0 ? -this.#c.errno() : address;
  }

  #add(number: number, address: number, call: Mapping['call'], socket: number): void {
    const length = Math.ceil(call.size / this.#page) * this.#page;
    this.#mappings.set(number, { address, length, call, socket, own: new Set() });
  }

  #remove(number: number): number {
    const mapping = this.#mappings.get(number);
    if (mapping === undefined) return 0;
    this.#mappings.delete(number);
    const result = this.#c.munmap(mapping.address, mapping.length) < 0 ? -this.#c.errno() : 0;
    this.#c.close(mapping.socket);
    return result;
  }

  /** How far into its page an offset lies. */
  #within(offset: number): number {
    return ((offset % this.#page) + this.#page) % this.#page;
  }

  #available(map: number, offset: number, size: number): number {
    const { length } = this.#mappings.get(map) ?? nothing;
    return offset < 0 ? 0 : Math.max(0, Math.min(size, length - offset, LOAD_LIMIT));
  }

  /** Copies through the window, piece by piece; gives the bytes up to where the kernel could not. */
  #copy(
    map: number,
    offset: number,
    total: number,
    piece: (window: number, memory: Buffer, at: number, count: number, done: number) => number,
  ): number {
    const { address } = this.#mappings.get(map) ?? nothing;
    const memory = Buffer.alloc(16);
    for (let done = 0; ; ) {
      const at = this.#within(offset + done);
      const count = Math.min(total - done, WINDOW - at);
      if (count === 0) return done;
      memory.writeBigUInt64LE(BigInt(address + offset + done), 0);
      memory.writeBigUInt64LE(BigInt(count), 8);
      const copied = piece(this.#open(), memory, at, count, done);
      if (copied < 0 && this.#c.errno() !== errno.EFAULT.errno)
        throw new Error(`copying memory of a mapping: ${errnoName(this.#c.errno())}`);
      if (copied < count) return done + Math.max(0, copied);
      done += count;
    }
  }

  #open(): number {
    if (this.#window < 0) {
      this.#window = this.#c.memfd_create(cString('estale'), MFD_CLOEXEC);
      if (this.#window < 0) throw new Error(`memfd_create: ${errnoName(this.#c.errno())}`);
    }
    return this.#window;
  }
}
