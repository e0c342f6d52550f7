import * as host from 'node:fs';
import { FileHandle } from './file-handle.ts';

type StreamOptions = BufferEncoding | { readonly fd?: unknown; readonly fs?: object } | null | undefined;

/** Constructors that take what their types do not tell. */
type StreamClass<Stream> = new (path: host.PathLike, options: object) => Stream;
const HostReadStream = host.ReadStream as unknown as StreamClass<host.ReadStream>;
const HostWriteStream = host.WriteStream as unknown as StreamClass<host.WriteStream>;

type Done = (error?: Error | null) => void;

/** Node's own streams, on the callback functions of `fs` by their option of that name. */
export function streamClasses(fs: object) {
  const over = (options: StreamOptions): object => {
    const given = (typeof options === 'string' ? { encoding: options } : { ...options }) as { readonly fd?: unknown };
    const { fd } = given;
    if (!(fd instanceof FileHandle)) return { fs, ...given };
    const close = (_: number, done: Done): void => void fd.close().then(() => done(), done);
    return { ...given, fd: fd.fd, fs: { ...fs, close } };
  };
  class ReadStream extends HostReadStream {
    constructor(path: host.PathLike, options?: StreamOptions) {
      super(path, over(options));
    }
  }
  class WriteStream extends HostWriteStream {
    constructor(path: host.PathLike, options?: StreamOptions) {
      super(path, over(options));
    }
  }
  return { ReadStream, WriteStream };
}
