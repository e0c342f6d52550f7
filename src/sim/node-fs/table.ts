import type { SimKernel } from '../kernel/index.ts';
import { openingDirectories } from './dir.ts';
import type { Driver } from './driver.ts';
import type { Operation, Spread } from './forms.ts';
import * as attributes from './operations/attributes.ts';
import * as content from './operations/content.ts';
import { copyFile } from './operations/copy-file.ts';
import { copyingTrees } from './operations/cp.ts';
import * as descriptors from './operations/descriptors.ts';
import { readdir } from './operations/listing.ts';
import * as names from './operations/names.ts';
import * as transfer from './operations/read-write.ts';
import { realpathOperations } from './operations/realpath.ts';
import { rm, rmdir } from './operations/rm.ts';

/** A function of node:fs: what does its work, and where its forms differ. */
export interface Row {
  readonly operation: Operation;
  /** What the synchronous form does instead. */
  readonly sync?: Operation;
  /** What the promise form does instead; false where node:fs/promises has none: file handles have it. */
  readonly promise?: Operation | false;
  /** What the callback gets. */
  readonly spread?: Spread;
  /** Under which names util.promisify gives what was moved, where it does. */
  readonly moves?: readonly ['bytesRead' | 'bytesWritten', 'buffer' | 'buffers'];
}

type AnyOperation = (...parameters: never[]) => ReturnType<Operation>;

/** A row whose forms do the same. */
const same = (operation: AnyOperation, differences: { [Key in keyof Row]?: Row[Key] | AnyOperation } = {}): Row =>
  ({ operation, ...differences }) as Row;
const onDescriptor = (operation: AnyOperation): Row => same(operation, { promise: false });

const moved: Spread = ({ bytes, buffer }: transfer.Transfer<unknown>) => [bytes, buffer];
const moving = (operation: AnyOperation, sync: AnyOperation, moves: Row['moves']): Row =>
  same(operation, { sync, promise: false, spread: moved, moves });

/** The synchronous form gives the count alone. */
const counting = <Parameters extends readonly unknown[]>(
  operation: (...parameters: Parameters) => Generator<unknown, transfer.Transfer<unknown>, unknown>,
) =>
  function* count(...parameters: Parameters): Generator<unknown, number, unknown> {
    return (yield* operation(...parameters)).bytes;
  } as AnyOperation;

/** Every function of node:fs that comes in several forms, by its name. */
export function operationTable(kernel: SimKernel, pid: number, driver: Driver): Readonly<Record<string, Row>> {
  const workingDirectory = (): string => kernel.workingDirectory(pid) ?? '/';
  const { utimes, lutimes, futimes } = attributes.timesOperations(() => kernel.now());
  const { realpath } = realpathOperations(workingDirectory);
  let drawn = 0;
  const draw = (): number => {
    drawn += 1;
    return kernel.scheduler.choices.draw(`mkdtemp.${pid}.${drawn}`);
  };
  return {
    open: onDescriptor(descriptors.open),
    close: onDescriptor(descriptors.close),
    read: moving(transfer.read, transfer.readInto, ['bytesRead', 'buffer']),
    readv: moving(transfer.readv, counting(transfer.readv), ['bytesRead', 'buffers']),
    write: moving(transfer.write, counting(transfer.write), ['bytesWritten', 'buffer']),
    writev: moving(transfer.writev, counting(transfer.writev), ['bytesWritten', 'buffer']),
    fsync: onDescriptor(descriptors.fsync),
    fdatasync: onDescriptor(descriptors.fdatasync),
    ftruncate: onDescriptor(descriptors.ftruncate),
    truncate: same(descriptors.truncate),
    readFile: same(content.readFile),
    writeFile: same(content.writeFile, { promise: content.writeFileStreaming }),
    appendFile: same(content.appendFile, { promise: content.appendFileStreaming }),
    copyFile: same(copyFile),
    cp: same(copyingTrees(workingDirectory)),
    stat: same(attributes.stat, { sync: attributes.statSync }),
    lstat: same(attributes.lstat, { sync: attributes.lstatSync }),
    fstat: onDescriptor(attributes.fstat),
    statfs: same(attributes.statfs),
    access: same(attributes.access),
    chmod: same(attributes.chmod),
    fchmod: onDescriptor(attributes.fchmod),
    chown: same(attributes.chown),
    lchown: same(attributes.lchown),
    fchown: onDescriptor(attributes.fchown),
    utimes: same(utimes),
    lutimes: same(lutimes),
    futimes: onDescriptor(futimes),
    mkdir: same(names.mkdir),
    mkdtemp: same(names.makingTemporary(draw)),
    unlink: same(names.unlink),
    rename: same(names.rename),
    link: same(names.link),
    symlink: same(names.symlink),
    readlink: same(names.readlink),
    readdir: same(readdir),
    opendir: same(openingDirectories(driver)),
    realpath: same(realpath),
    rmdir: same(rmdir),
    rm: same(rm),
  };
}
