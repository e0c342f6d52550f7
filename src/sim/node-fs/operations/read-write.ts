import type { ReadPosition } from 'node:fs';
import { errnoNumbers as E } from '../../../vfs/index.ts';
import { invalidType, invalidValue, outOfRange } from '../argument-error.ts';
import { type FsOperation, system } from '../operation.ts';
import { SystemError } from '../system-error.ts';
import { toFd, toInteger, toObject, toView, toViews } from '../validate.ts';

type View = NodeJS.ArrayBufferView;

/** What a read or write moved, and into or out of what. */
export interface Transfer<Buffers> {
  readonly bytes: number;
  readonly buffer: Buffers;
}

interface Range {
  readonly offset?: number | null;
  readonly length?: number | null;
  readonly position?: ReadPosition | null;
}

const DEFAULT_BUFFER = 16384;

/** validatePosition; undefined: the descriptor's own. */
function toPosition(position: unknown, checked: boolean): number | undefined {
  if (typeof position === 'bigint' && checked) {
    if (position < -1n || position > BigInt(Number.MAX_SAFE_INTEGER))
      throw outOfRange('position', `>= -1 && <= ${2n ** 63n - 1n}`, position);
    return position === -1n ? undefined : Number(position);
  }
  if (typeof position === 'number') {
    if (!checked) return Number.isSafeInteger(position) && position >= 0 ? position : undefined;
    return toInteger(position, 'position', -1) === -1 ? undefined : position;
  }
  if (position === null || position === undefined || !checked) return undefined;
  throw invalidType('position', 'of type bigint or integer', position);
}

const isRange = (value: unknown): value is Range => value !== null && typeof value === 'object';

export function* readAt(fd: number, into: Uint8Array, position: number | undefined): FsOperation<number> {
  const { length: size } = into;
  const data = yield* system(
    position === undefined ? { op: 'read', fd, size } : { op: 'pread', fd, size, offset: position },
    'read',
  );
  into.set(data);
  return data.length;
}

export function* writeAt(fd: number, data: Uint8Array, position: number | undefined): FsOperation<number> {
  return yield* system(
    position === undefined ? { op: 'write', fd, data } : { op: 'pwrite', fd, data, offset: position },
    'write',
  );
}

/** read(fd, buffer, offset, length, position), (fd, buffer, options), and of the asynchronous forms (fd, options), (fd). */
export function* read<Buffers extends View>(
  fd: number,
  given?: Buffers | (Range & { readonly buffer?: Buffers }) | null,
  offsetOrRange?: number | Range | null,
  lengthGiven?: number | null,
  positionGiven?: ReadPosition | null,
): FsOperation<Transfer<Buffers>> {
  const descriptor = toFd(fd);
  let range: Range = { offset: offsetOrRange as number, length: lengthGiven, position: positionGiven };
  let buffer = given as Buffers;
  if (!ArrayBuffer.isView(given)) {
    const options = toObject<Range & { readonly buffer?: Buffers }>(given as Range, 'options');
    buffer = options.buffer ?? (Buffer.alloc(DEFAULT_BUFFER) as View as Buffers);
    range = options;
  } else if (isRange(offsetOrRange)) range = offsetOrRange;
  const view = toView(buffer);
  const offset = toInteger(range.offset ?? 0, 'offset', 0);
  const length = (range.length ?? view.length - offset) | 0;
  if (length === 0) return { bytes: 0, buffer };
  if (view.length === 0) throw invalidValue('buffer', buffer, 'is empty and cannot be written');
  if (length < 0) throw outOfRange('length', '>= 0', length);
  if (length > view.length - offset) throw outOfRange('length', `<= ${view.length - offset}`, length);
  const position = toPosition(range.position, true);
  return { bytes: yield* readAt(descriptor, view.subarray(offset, offset + length), position), buffer };
}

/** The synchronous form needs a buffer. */
export function* readInto(
  fd: number,
  buffer: View,
  ...range: [offsetOrRange?: number | Range | null, length?: number | null, position?: ReadPosition | null]
): FsOperation<number> {
  toFd(fd);
  toView(buffer);
  if (range.length === 1 && range[0] !== undefined) toObject(range[0] as Range, 'options');
  return (yield* read(fd, buffer, ...range)).bytes;
}

/** write(fd, buffer, offset, length, position), (fd, buffer, options), (fd, text, position, encoding). */
export function* write<Buffers extends View | string>(
  fd: number,
  buffer: Buffers,
  offsetOrRange?: number | Range | null,
  lengthOrEncoding?: number | string | null,
  positionGiven?: number | null,
): FsOperation<Transfer<Buffers>> {
  const descriptor = toFd(fd);
  if (typeof buffer === 'string') {
    const data = encodedText(buffer, lengthOrEncoding as string | undefined);
    return { bytes: yield* writeAt(descriptor, data, toPosition(offsetOrRange, false)), buffer };
  }
  if (!ArrayBuffer.isView(buffer))
    throw invalidType('buffer', 'of type string or an instance of Buffer, TypedArray, or DataView', buffer);
  const view = toView(buffer);
  const range = isRange(offsetOrRange)
    ? offsetOrRange
    : { offset: offsetOrRange, length: lengthOrEncoding as number, position: positionGiven };
  const offset = toInteger(range.offset ?? 0, 'offset', 0);
  const length = typeof range.length === 'number' ? range.length : view.length - offset;
  if (offset > view.length) throw outOfRange('offset', `<= ${view.length}`, offset);
  if (length > view.length - offset) throw outOfRange('length', `<= ${view.length - offset}`, length);
  if (length < 0) throw outOfRange('length', '>= 0', length);
  const data = view.subarray(offset, offset + toInteger(length, 'length'));
  return { bytes: yield* writeAt(descriptor, data, toPosition(range.position, false)), buffer };
}

/** validateEncoding. */
function encodedText(text: string, encoding: string | null | undefined): Buffer {
  if (encoding === 'hex' && text.length % 2 !== 0)
    throw invalidValue('encoding', encoding, `is invalid for data of length ${text.length}`);
  return Buffer.from(text, (encoding ?? 'utf8') as BufferEncoding);
}

type Views = readonly View[];
type VectorParameters = [fd: number, buffers: Views, position?: number | null];

/** readv and writev; `move` is what they do with what the arguments say. */
const vectored = (move: (fd: number, views: Uint8Array[], offset: number | undefined) => FsOperation<number>) =>
  function* vector(...[fd, buffer, position]: VectorParameters): FsOperation<Transfer<Views>> {
    return { bytes: yield* move(toFd(fd), toViews(buffer), toPosition(position, false)), buffer };
  };

export const readv = vectored(function* scatter(fd, views, offset) {
  // uv_fs_read.
  if (views.length === 0) throw new SystemError(E.EINVAL, 'read');
  const sizes = views.map(({ length }) => length);
  const size = sizes.reduce((sum, length) => sum + length, 0);
  const data = yield* system(
    offset === undefined ? { op: 'readv', fd, sizes } : { op: 'pread', fd, size, offset },
    'read',
  );
  let at = 0;
  for (const view of views) {
    view.set(data.subarray(at, at + view.length));
    at += view.length;
  }
  return data.length;
});

export const writev = vectored(function* gather(fd, datas, offset) {
  if (datas.length === 0) return 0;
  if (offset === undefined) return yield* system({ op: 'writev', fd, datas }, 'write');
  return yield* system({ op: 'pwrite', fd, data: Buffer.concat(datas), offset }, 'write');
});
