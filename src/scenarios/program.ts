import { showCall, showResult } from '../check/index.ts';
import type { PendingCall, SimKernel } from '../sim/index.ts';
import {
  type Call,
  errnoName,
  isError,
  O_CREAT,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
  type Stat,
  type SysResult,
} from '../vfs/index.ts';

/** What a call came to: its value, or the name of the errno. Data is text. */
type Value<T> = T | string;

const LINE_MOST = 160;

/** A program on a client: its system calls, each told in the story. */
export class Program {
  readonly #kernel: SimKernel;
  readonly #pid: number;
  readonly #tell: (line: string) => void;

  constructor(kernel: SimKernel, pid: number, tell: (line: string) => void) {
    this.#kernel = kernel;
    this.#pid = pid;
    this.#tell = (line) => tell(line.length > LINE_MOST ? `${line.slice(0, LINE_MOST)}...` : line);
  }

  async call(call: Call): Promise<SysResult> {
    const result = await this.#kernel.call(this.#pid, call);
    this.#tell(`${showCall(call)} = ${showResult(result)}`);
    return result;
  }

  /** Begins a call; the others go on meanwhile. */
  begin(call: Call): PendingCall {
    this.#tell(`${showCall(call)} begins`);
    return this.#kernel.submit(this.#pid, call);
  }

  /** Waits for a call that was begun. */
  async end(pending: PendingCall): Promise<SysResult> {
    if (!pending.done) await this.#kernel.runUntilAny([pending]);
    const result = pending.result as SysResult;
    this.#tell(`${showCall(pending.call)} = ${showResult(result)}`);
    return result;
  }

  /** A signal that ends the call under way. */
  interrupt(): void {
    this.#tell('is interrupted');
    this.#kernel.interrupt(this.#pid);
  }

  open(path: string, flags = O_RDWR | O_CREAT, mode = 0o644): Promise<number> {
    return this.#number({ op: 'open', path, flags, mode });
  }

  async pread(fd: number, size = 100, offset = 0): Promise<string> {
    return textOf(await this.call({ op: 'pread', fd, size, offset }));
  }

  pwrite(fd: number, text: string, offset = 0): Promise<Value<number>> {
    return this.#value({ op: 'pwrite', fd, data: Buffer.from(text), offset });
  }

  write(fd: number, text: string): Promise<Value<number>> {
    return this.#value({ op: 'write', fd, data: Buffer.from(text) });
  }

  fsync(fd: number): Promise<Value<number>> {
    return this.#value({ op: 'fsync', fd });
  }

  close(fd: number): Promise<Value<number>> {
    return this.#value({ op: 'close', fd });
  }

  unlink(path: string): Promise<Value<number>> {
    return this.#value({ op: 'unlink', path });
  }

  rename(path: string, newPath: string): Promise<Value<number>> {
    return this.#value({ op: 'rename', path, newPath, flags: 0 });
  }

  link(path: string, newPath: string): Promise<Value<number>> {
    return this.#value({ op: 'link', path, newPath, flags: 0 });
  }

  mkdir(path: string): Promise<Value<number>> {
    return this.#value({ op: 'mkdir', path, mode: 0o755 });
  }

  rmdir(path: string): Promise<Value<number>> {
    return this.#value({ op: 'rmdir', path });
  }

  chdir(path: string): Promise<Value<number>> {
    return this.#value({ op: 'chdir', path });
  }

  async stat(path: string): Promise<Value<Stat>> {
    const result = await this.call({ op: 'stat', path });
    return isError(result) ? errnoName(-result) : (result as Stat);
  }

  /** Whether a path is there: true, or the errno. */
  async sees(path: string): Promise<true | string> {
    const found = await this.stat(path);
    return typeof found === 'string' ? found : true;
  }

  /** A field of stat(2), or the errno. */
  async field(path: string, name: 'size' | 'nlink' | 'ino' | 'mode'): Promise<Value<number>> {
    const found = await this.stat(path);
    return typeof found === 'string' ? found : Number(found[name]);
  }

  /** The names in a directory, sorted, without `.` and `..`; or the errno behind those that were read before. */
  async list(path: string, { size = 4096, between }: { size?: number; between?: () => Promise<void> } = {}) {
    const fd = await this.open(path, O_RDONLY);
    const names: string[] = [];
    for (let page = 0; page < 200; page++) {
      const result = await this.call({ op: 'getdents', fd, size });
      if (isError(result)) {
        names.push(errnoName(-result));
        break;
      }
      const entries = result as readonly { readonly name: string }[];
      if (entries.length === 0) break;
      names.push(...entries.map(({ name }) => name));
      await between?.();
    }
    await this.close(fd);
    return names.filter((name) => name !== '.' && name !== '..').sort();
  }

  /** Writes a file and closes it. */
  async put(path: string, text: string): Promise<Value<number>> {
    const fd = await this.open(path, O_WRONLY | O_CREAT);
    if (fd < 0) return errnoName(-fd);
    const written = await this.pwrite(fd, text);
    const closed = await this.close(fd);
    return typeof closed === 'string' ? closed : written;
  }

  /** What a file holds, or the errno. */
  async get(path: string): Promise<string> {
    const fd = await this.open(path, O_RDONLY);
    if (fd < 0) return errnoName(-fd);
    const text = await this.pread(fd);
    await this.close(fd);
    return text;
  }

  async #number(call: Call): Promise<number> {
    return (await this.call(call)) as number;
  }

  async #value(call: Call): Promise<Value<number>> {
    const result = (await this.call(call)) as number;
    return result < 0 ? errnoName(-result) : result;
  }
}

/** Data as text, or the errno. */
export const textOf = (result: SysResult): string =>
  isError(result) ? errnoName(-result) : Buffer.from(result as Uint8Array).toString('latin1');
