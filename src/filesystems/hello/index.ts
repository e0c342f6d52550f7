import type { Clock, FileSystemFactory } from '../../env/index.ts';
import {
  type Answer,
  type Attributes,
  type DirentSink,
  direntType,
  type Entry,
  errno,
  type FileSystem,
  type FileSystemStatistics,
  type Handle,
  NAME_MAX,
  type NodeId,
  nameLength,
  O_ACCMODE,
  O_RDONLY,
  type Opened,
  ROOT_NODE,
  S_IFDIR,
  S_IFREG,
  type Timespec,
  type U64,
} from '../../vfs/index.ts';
import { refuseUnknownOptions } from '../options.ts';
import { calculate } from './arithmetic.ts';

const PREFIX = 'Hello_World_at_';
const HELLO_NODE = ROOT_NODE + 1;

/** Seconds for which a name that was listed still works: `ls -l` lists first and asks for the attributes afterwards. */
const GRACE = 10;

/** A file that is there because the kernel knows it: it has a name, a value, and as many references as lookups. */
interface Calculation {
  readonly node: NodeId;
  readonly name: string;
  readonly content: Uint8Array;
  readonly time: Timespec;
  lookups: number;
}

const encoder = new TextEncoder();

/**
 * A filesystem that makes its files up. The root shows one program, `Hello_World_at_<epoch seconds>`, whose name changes
 * every second; and every name that is an arithmetic expression is a file with its value: `cat 5+34` prints 39. The
 * grammar is `calculate`'s. Each value ends with a newline. An expression without a value (`1:0`) is EDOM.
 */
class HelloFileSystem implements FileSystem {
  readonly name = 'hello';
  readonly mode = 'sync';

  readonly #clock: Clock;
  readonly #started: Timespec;
  readonly #program = encoder.encode("#!/bin/sh\necho 'Hello World'\n");
  readonly #byName = new Map<string, Calculation>();
  readonly #byNode = new Map<NodeId, Calculation>();
  #nextNode = HELLO_NODE + 1;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#started = clock.now();
  }

  destroy(): void {
    this.#byName.clear();
    this.#byNode.clear();
  }

  lookup(parent: NodeId, name: string): Answer<Entry> {
    if (parent !== ROOT_NODE) return errno.ENOTDIR;
    if (nameLength(name) > NAME_MAX) return errno.ENAMETOOLONG;
    if (name.startsWith(PREFIX)) {
      if (!this.#isRecent(name.slice(PREFIX.length))) return errno.ENOENT;
      return { node: HELLO_NODE, generation: 0, attributes: this.#helloAttributes(), entryTimeout: 0 };
    }
    let calculation = this.#byName.get(name);
    if (calculation === undefined) {
      const result = calculate(name);
      if (result.kind === 'undefined') return errno.EDOM;
      if (result.kind === 'not an expression') return errno.ENOENT;
      const content = encoder.encode(`${result.text}\n`);
      calculation = { node: this.#nextNode++, name, content, time: this.#clock.now(), lookups: 0 };
      this.#byName.set(name, calculation);
      this.#byNode.set(calculation.node, calculation);
    }
    calculation.lookups += 1;
    return { node: calculation.node, generation: 0, attributes: calculationAttributes(calculation) };
  }

  forget(node: NodeId, lookups: number): void {
    const calculation = this.#byNode.get(node);
    if (calculation === undefined) return;
    calculation.lookups -= lookups;
    if (calculation.lookups > 0) return;
    this.#byNode.delete(node);
    this.#byName.delete(calculation.name);
  }

  getattr(node: NodeId): Answer<Attributes> {
    if (node === ROOT_NODE) return this.#rootAttributes();
    if (node === HELLO_NODE) return this.#helloAttributes();
    const calculation = this.#byNode.get(node);
    return calculation === undefined ? errno.ESTALE : calculationAttributes(calculation);
  }

  open(node: NodeId, flags: number): Answer<Opened> {
    if (this.#content(node) === undefined) return errno.ESTALE;
    return (flags & O_ACCMODE) === O_RDONLY ? { fh: 0, keepCache: true } : errno.EROFS;
  }

  read(node: NodeId, _fh: Handle, into: Uint8Array, offset: number): Answer<number> {
    const content = this.#content(node);
    if (content === undefined) return errno.ESTALE;
    const part = content.subarray(offset, offset + into.length);
    into.set(part);
    return part.length;
  }

  readdir(_node: NodeId, _fh: Handle, offset: U64, sink: DirentSink): Answer<void> {
    const directory = direntType(S_IFDIR);
    const entries = [
      { name: '.', node: ROOT_NODE, type: directory },
      { name: '..', node: ROOT_NODE, type: directory },
      { name: `${PREFIX}${this.#clock.now().sec}`, node: HELLO_NODE, type: direntType(S_IFREG) },
    ];
    for (let i = Number(offset); i < entries.length; i++)
      if (!sink.add(entries[i].name, entries[i].node, entries[i].type, i + 1)) break;
    return undefined;
  }

  statfs(): Answer<FileSystemStatistics> {
    return { bsize: 4096, frsize: 4096, blocks: 0, bfree: 0, bavail: 0, files: 2, ffree: 0, namelen: NAME_MAX };
  }

  #isRecent(seconds: string): boolean {
    const now = this.#clock.now().sec;
    const then = Number(seconds);
    return String(then) === seconds && then <= now && then > now - GRACE;
  }

  #content(node: NodeId): Uint8Array | undefined {
    return node === HELLO_NODE ? this.#program : this.#byNode.get(node)?.content;
  }

  #rootAttributes(): Attributes {
    const renamed = this.#renamedAt();
    return {
      ...unowned,
      ino: ROOT_NODE,
      mode: S_IFDIR | 0o555,
      nlink: 2,
      size: 0,
      atime: this.#started,
      mtime: renamed,
      ctime: renamed,
    };
  }

  #helloAttributes(): Attributes {
    return {
      ...unowned,
      ino: HELLO_NODE,
      mode: S_IFREG | 0o555,
      nlink: 1,
      size: this.#program.length,
      atime: this.#started,
      mtime: this.#started,
      ctime: this.#renamedAt(),
    };
  }

  /** The start of the second: when the file got its present name. */
  #renamedAt(): Timespec {
    return { sec: this.#clock.now().sec, nsec: 0 };
  }
}

const unowned = { uid: 0, gid: 0, rdev: 0, blocks: 0, blksize: 4096 };

function calculationAttributes({ node, content, time }: Calculation): Attributes {
  return {
    ...unowned,
    ino: node,
    mode: S_IFREG | 0o444,
    nlink: 1,
    size: content.length,
    atime: time,
    mtime: time,
    ctime: time,
  };
}

/** Makes the filesystem that greets and calculates. It has no options. */
export const hello: FileSystemFactory = (environment, options) => {
  refuseUnknownOptions('hello', options, []);
  return new HelloFileSystem(environment.clock);
};
