import { EventEmitter } from 'node:events';
import type { Mode, OpenMode, PathLike, ReadStream, ReadVResult, TimeLike, WriteStream, WriteVResult } from 'node:fs';
import { createInterface, type Interface } from 'node:readline';
import { ReadableStream } from 'node:stream/web';
import type { Driver } from './driver.ts';
import { runPromise } from './forms.ts';
import type { FsOperation } from './operation.ts';
import * as attributes from './operations/attributes.ts';
import * as content from './operations/content.ts';
import * as descriptors from './operations/descriptors.ts';
import * as transfer from './operations/read-write.ts';
import type { OptionsArgument } from './validate.ts';

type View = NodeJS.ArrayBufferView;
type Rest<F extends (...parameters: never[]) => unknown> = Parameters<F> extends [unknown, ...infer R] ? R : never;

/** What file handles take from the fs that they belong to. */
export interface FileHandleContext {
  readonly driver: Driver;
  readonly futimes: (fd: number, atime: TimeLike, mtime: TimeLike) => FsOperation<undefined>;
  createReadStream(path: PathLike, options: object): ReadStream;
  createWriteStream(path: PathLike, options: object): WriteStream;
}

/** An open file of the promise form, as FileHandle of node:fs/promises. It emits 'close'. */
export class FileHandle extends EventEmitter {
  readonly #context: FileHandleContext;
  #fd: number;
  /** Operations under way, and whoever waits for their end to close the file. */
  #users = 0;
  #closing: Promise<void> | undefined;
  #unused: (() => void) | undefined;

  constructor(context: FileHandleContext, fd: number) {
    super();
    this.#context = context;
    this.#fd = fd;
  }

  /** -1 once it is closed. */
  get fd(): number {
    return this.#fd;
  }

  async #run<T>(syscall: string, operation: (fd: number) => FsOperation<T>): Promise<T> {
    if (this.#fd === -1) throw Object.assign(new Error('file closed'), { code: 'EBADF', syscall });
    this.#users += 1;
    try {
      return await runPromise(this.#context.driver, operation(this.#fd));
    } finally {
      this.#users -= 1;
      if (this.#users === 0) this.#unused?.();
    }
  }

  /** Closes when the operations under way are done. */
  async close(): Promise<void> {
    if (this.#fd === -1) return;
    this.#closing ??= this.#close().finally(() => {
      this.#closing = undefined;
    });
    await this.#closing;
  }

  async #close(): Promise<void> {
    const fd = this.#fd;
    this.#fd = -1;
    if (this.#users > 0)
      await new Promise<void>((resolve) => {
        this.#unused = resolve;
      });
    await runPromise(this.#context.driver, descriptors.close(fd));
    this.emit('close');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async read<Buffers extends View>(...range: Rest<typeof transfer.read<Buffers>>) {
    const { bytes, buffer } = await this.#run('read', (fd) => transfer.read<Buffers>(fd, ...range));
    return { bytesRead: bytes, buffer };
  }

  async write<Buffers extends View | string>(...range: Rest<typeof transfer.write<Buffers>>) {
    const { bytes, buffer } = await this.#run('write', (fd) => transfer.write<Buffers>(fd, ...range));
    return { bytesWritten: bytes, buffer };
  }

  async readv(buffers: readonly View[], position?: number): Promise<ReadVResult> {
    const { bytes } = await this.#run('readv', (fd) => transfer.readv(fd, buffers, position));
    return { bytesRead: bytes, buffers: buffers as View[] };
  }

  async writev(buffers: readonly View[], position?: number): Promise<WriteVResult> {
    const { bytes } = await this.#run('writev', (fd) => transfer.writev(fd, buffers, position));
    return { bytesWritten: bytes, buffers: buffers as View[] };
  }

  readFile(options?: OptionsArgument<content.ReadFileOptions>): Promise<string | Buffer> {
    return this.#run('readFile', (fd) => content.readFile(fd, options));
  }

  writeFile(data: content.FileData, options?: OptionsArgument<content.WriteFileOptions>): Promise<void> {
    return this.#run('writeFile', (fd) => content.writeFileStreaming(fd, data, options));
  }

  appendFile(data: content.FileData, options?: OptionsArgument<content.WriteFileOptions>): Promise<void> {
    return this.writeFile(data, options);
  }

  stat(options?: Rest<typeof attributes.fstat>[0]) {
    return this.#run('fstat', (fd) => attributes.fstat(fd, options));
  }

  chmod(mode: Mode): Promise<void> {
    return this.#run('fchmod', (fd) => attributes.fchmod(fd, mode));
  }

  chown(uid: number, gid: number): Promise<void> {
    return this.#run('fchown', (fd) => attributes.fchown(fd, uid, gid));
  }

  utimes(atime: TimeLike, mtime: TimeLike): Promise<void> {
    return this.#run('futimes', (fd) => this.#context.futimes(fd, atime, mtime));
  }

  truncate(length?: number | null): Promise<void> {
    return this.#run('ftruncate', (fd) => descriptors.ftruncate(fd, length));
  }

  sync(): Promise<void> {
    return this.#run('fsync', descriptors.fsync);
  }

  datasync(): Promise<void> {
    return this.#run('fdatasync', descriptors.fdatasync);
  }

  createReadStream(options?: object): ReadStream {
    return this.#context.createReadStream('', { ...options, fd: this });
  }

  createWriteStream(options?: object): WriteStream {
    return this.#context.createWriteStream('', { ...options, fd: this });
  }

  readLines(options?: object): Interface {
    return createInterface({ input: this.createReadStream(options), crlfDelay: Number.POSITIVE_INFINITY });
  }

  /** A stream of bytes; the file stays open when it ends. */
  readableWebStream(): ReadableStream {
    return new ReadableStream({
      type: 'bytes',
      autoAllocateChunkSize: 16384,
      pull: async (controller) => {
        const view = controller.byobRequest?.view as Uint8Array;
        const { bytesRead } = await this.read(view, 0, view.byteLength);
        if (bytesRead === 0) controller.close();
        (controller.byobRequest as { respond(bytes: number): void }).respond(bytesRead);
      },
    });
  }
}

export const openingHandles = (context: FileHandleContext) =>
  function* open(path: PathLike, flags?: OpenMode, mode?: Mode): FsOperation<FileHandle> {
    return new FileHandle(context, yield* descriptors.open(path, flags, mode));
  };
