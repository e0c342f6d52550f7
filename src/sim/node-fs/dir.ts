import type { PathLike } from 'node:fs';
import { posix } from 'node:path';
import { codedError } from './argument-error.ts';
import { Dirent } from './dirent.ts';
import type { Driver } from './driver.ts';
import { runPromise } from './forms.ts';
import type { FsOperation } from './operation.ts';
import { close } from './operations/descriptors.ts';
import { type Entry, nextEntries, openDirectory, scandir, typeOf } from './operations/listing.ts';
import { encoded, shown, toName } from './path.ts';
import { type OptionsArgument, toBoolean, toInteger, toOptions } from './validate.ts';

interface OpendirOptions {
  readonly encoding?: string | null;
  readonly bufferSize?: number;
  readonly recursive?: boolean;
}

type AnyDirent = Dirent<string | Buffer>;
type Callback<T> = (error: Error | null, value?: T) => void;

export const openingDirectories = (driver: Driver) =>
  function* opendir(path: PathLike, given?: OptionsArgument<OpendirOptions>): FsOperation<Dir> {
    const options = toOptions<OpendirOptions>(given, {});
    const name = toName(path);
    if (options.bufferSize !== undefined) toInteger(options.bufferSize, 'options.bufferSize', 1, 2 ** 32 - 1);
    if (options.recursive !== undefined) toBoolean(options.recursive, 'options.recursive');
    return new Dir(driver, yield* openDirectory(name, 'opendir'), name, options);
  };

/** An open directory, as fs.Dir. */
export class Dir {
  readonly path: string;
  readonly #driver: Driver;
  readonly #fd: number;
  readonly #name: string;
  readonly #options: OpendirOptions;
  #closed = false;
  /** Entries that were read and not given yet, and the directory that they are in. */
  #buffer: Entry[] = [];
  #directory: string;
  #atEnd = false;
  /** With `recursive`: directories that are still to be listed. */
  readonly #deeper: string[] = [];
  /** The last operation: they run one after the other. */
  #last: Promise<unknown> | undefined;

  constructor(driver: Driver, fd: number, name: string, options: OpendirOptions) {
    this.#driver = driver;
    this.#fd = fd;
    this.#name = name;
    this.#directory = name;
    this.#options = options;
    this.path = shown(name);
  }

  *#next(): FsOperation<AnyDirent | null> {
    while (this.#buffer.length === 0) {
      if (!this.#atEnd) {
        this.#buffer = [...(yield* nextEntries(this.#fd, 'scandir', this.#name))];
        this.#atEnd = this.#buffer.length === 0;
      } else {
        const deeper = this.#deeper.shift();
        if (deeper === undefined) return null;
        this.#directory = deeper;
        this.#buffer = [...(yield* scandir(deeper))];
      }
    }
    const entry = this.#buffer.shift() as Entry;
    const type = yield* typeOf(this.#directory, entry);
    const dirent = new Dirent(encoded(entry.name, this.#options.encoding), type, shown(this.#directory));
    if (this.#options.recursive && dirent.isDirectory()) this.#deeper.push(posix.join(this.#directory, entry.name));
    return dirent;
  }

  *#close(): FsOperation<void> {
    this.#closed = true;
    yield* close(this.#fd);
  }

  #checkOpen(): void {
    if (this.#closed) throw codedError('ERR_DIR_CLOSED', 'Directory handle was closed');
  }

  #checkIdle(): void {
    this.#checkOpen();
    if (this.#last !== undefined)
      throw codedError(
        'ERR_DIR_CONCURRENT_OPERATION',
        'Cannot do synchronous work on directory handle with concurrent asynchronous operations',
      );
  }

  async #inTurn<T>(operation: () => FsOperation<T>): Promise<T> {
    const before = this.#last;
    const run = async (): Promise<T> => {
      await before?.catch(() => {});
      this.#checkOpen();
      return await runPromise(this.#driver, operation());
    };
    const running = run();
    this.#last = running;
    try {
      return await running;
    } finally {
      if (this.#last === running) this.#last = undefined;
    }
  }

  #either<T>(operation: () => FsOperation<T>, callback: Callback<T> | undefined): Promise<T> | undefined {
    const promise = this.#inTurn(operation);
    if (callback === undefined) return promise;
    promise.then(
      (value) => queueMicrotask(() => callback(null, value)),
      (error) => queueMicrotask(() => callback(error)),
    );
    return undefined;
  }

  /** The next entry, null at the end; in no particular order. */
  read(callback?: Callback<AnyDirent | null>): Promise<AnyDirent | null> | undefined {
    return this.#either(() => this.#next(), callback);
  }

  readSync(): AnyDirent | null {
    this.#checkIdle();
    return this.#driver.runSync('Dir.readSync', this.#next());
  }

  close(callback?: Callback<void>): Promise<void> | undefined {
    return this.#either(() => this.#close(), callback);
  }

  closeSync(): void {
    this.#checkIdle();
    this.#driver.runSync('Dir.closeSync', this.#close());
  }

  async *entries(): AsyncGenerator<AnyDirent, void> {
    try {
      for (;;) {
        const dirent = await this.#inTurn(() => this.#next());
        if (dirent === null) return;
        yield dirent;
      }
    } finally {
      await this.#inTurn(() => this.#close());
    }
  }

  [Symbol.asyncIterator](): AsyncGenerator<AnyDirent, void> {
    return this.entries();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#closed) await this.close();
  }
}
