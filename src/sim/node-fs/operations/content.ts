import type { Mode, OpenMode, PathLike, PathOrFileDescriptor } from 'node:fs';
import { isRegular } from '../../../vfs/index.ts';
import { abortError, codedError, invalidType } from '../argument-error.ts';
import { type FsOperation, isPromise, waitFor } from '../operation.ts';
import { isFd, type OptionsArgument, toOptions, toView } from '../validate.ts';
import { fstatOf } from './attributes.ts';
import { fsync, open, withDescriptor } from './descriptors.ts';
import { readAt, writeAt } from './read-write.ts';

/** Bytes that one read asks for where the size of the file is not known. */
const CHUNK = 64 * 1024;
/** kIoMaxLength. */
const LARGEST = 2 ** 31 - 1;

export interface ReadFileOptions {
  readonly encoding?: string | null;
  readonly flag?: OpenMode;
  readonly signal?: AbortSignal;
}

export interface WriteFileOptions {
  readonly encoding?: string | null;
  readonly mode?: Mode;
  readonly flag?: OpenMode;
  readonly flush?: boolean | null;
  readonly signal?: AbortSignal;
}

function checkSignal(signal: AbortSignal | undefined): void {
  if (signal === undefined) return;
  if (typeof signal !== 'object' || !('aborted' in signal))
    throw invalidType('options.signal', 'an instance of AbortSignal', signal);
  if (signal.aborted) throw abortError(signal);
}

function* onFile<T>(
  path: PathOrFileDescriptor,
  flag: OpenMode,
  mode: Mode | undefined,
  use: (fd: number) => FsOperation<T>,
): FsOperation<T> {
  if (isFd(path)) return yield* use(path);
  return yield* withDescriptor(yield* open(path as PathLike, flag, mode), use);
}

export function* readFile(
  path: PathOrFileDescriptor,
  given?: OptionsArgument<ReadFileOptions>,
): FsOperation<string | Buffer> {
  const { encoding, flag, signal } = toOptions<ReadFileOptions>(given, {});
  checkSignal(signal);
  const data = yield* onFile(path, flag ?? 'r', 0o666, (fd) => readAll(fd, signal));
  return encoding && encoding !== 'buffer' ? data.toString(encoding as BufferEncoding) : data;
}

function* readAll(fd: number, signal: AbortSignal | undefined): FsOperation<Buffer> {
  const stat = yield* fstatOf(fd);
  const size = isRegular(stat.mode) ? stat.size : 0;
  if (size > LARGEST)
    throw codedError('ERR_FS_FILE_TOO_LARGE', `File size (${size}) is greater than 2 GiB`, RangeError);
  const chunks: Buffer[] = [];
  let total = 0;
  for (;;) {
    checkSignal(signal);
    const chunk = Buffer.allocUnsafe(size > total ? size - total : CHUNK);
    const count = yield* readAt(fd, chunk, undefined);
    chunks.push(chunk.subarray(0, count));
    total += count;
    if (count === 0 || (size > 0 && total === size)) return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
  }
}

type Chunk = string | NodeJS.ArrayBufferView;
export type FileData = Chunk | Iterable<Chunk> | AsyncIterable<Chunk>;

function toData(data: unknown, encoding: string | null | undefined): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data, (encoding ?? 'utf8') as BufferEncoding);
  if (!ArrayBuffer.isView(data))
    throw invalidType('data', 'of type string or an instance of Buffer, TypedArray, or DataView', data);
  return toView(data);
}

function* writeAll(fd: number, data: Uint8Array, signal: AbortSignal | undefined): FsOperation<void> {
  let rest = data;
  do {
    checkSignal(signal);
    rest = rest.subarray(yield* writeAt(fd, rest, undefined));
  } while (rest.length > 0);
}

function* writeTo(
  path: PathOrFileDescriptor,
  { mode, flag, flush, signal }: WriteFileOptions,
  initial: OpenMode,
  use: (fd: number) => FsOperation<void>,
): FsOperation<undefined> {
  if (flush !== undefined && flush !== null && typeof flush !== 'boolean')
    throw invalidType('options.flush', 'of type boolean', flush);
  checkSignal(signal);
  yield* onFile(path, flag ?? initial, mode, function* write(fd) {
    yield* use(fd);
    if (flush) yield* fsync(fd);
  });
  return undefined;
}

type WriteParameters<Data> = [path: PathOrFileDescriptor, data: Data, given?: OptionsArgument<WriteFileOptions>];

/** writeFile and, by the flag that is the default, appendFile. */
const writing = (initial: OpenMode) =>
  function* writeFile(...[path, data, given]: WriteParameters<Chunk>): FsOperation<undefined> {
    const options = toOptions<WriteFileOptions>(given, {});
    const bytes = toData(data, options.encoding);
    return yield* writeTo(path, options, initial, (fd) => writeAll(fd, bytes, options.signal));
  };

/** The promise form takes streams and other iterables too. */
const streaming = (initial: OpenMode) =>
  function* writeFile(...[path, data, given]: WriteParameters<FileData>): FsOperation<undefined> {
    if (typeof data === 'string' || ArrayBuffer.isView(data)) return yield* writing(initial)(path, data, given);
    const options = toOptions<WriteFileOptions>(given, {});
    const chunks = iteratorOf(data);
    if (chunks === undefined) return yield* writing(initial)(path, data as never, given);
    return yield* writeTo(path, options, initial, function* each(fd) {
      for (;;) {
        const next = chunks.next();
        const { done, value } = yield* waitFor(next as IteratorResult<Chunk> | PromiseLike<IteratorResult<Chunk>>);
        if (done) return;
        const chunk = isPromise(value) ? yield* waitFor(value as PromiseLike<Chunk>) : value;
        yield* writeAll(fd, toData(chunk, options.encoding), options.signal);
      }
    });
  };

function iteratorOf(data: unknown): Iterator<Chunk> | AsyncIterator<Chunk> | undefined {
  if (typeof data !== 'object' || data === null) return undefined;
  const { [Symbol.asyncIterator]: later, [Symbol.iterator]: now } = data as Partial<AsyncIterable<Chunk>> &
    Partial<Iterable<Chunk>>;
  return later?.call(data) ?? now?.call(data);
}

export const writeFile = writing('w');
export const appendFile = writing('a');
export const writeFileStreaming = streaming('w');
export const appendFileStreaming = streaming('a');
