import type { FaultPlan, InjectedFault, OperationName } from '../../fault/index.ts';
import { type CallClock, type Inode, type Model, type Verdict, wrongResult } from '../../model/index.ts';
import { StuckError } from '../../sim/index.ts';
import {
  type Call,
  type Credentials,
  errnoNumbers,
  O_APPEND,
  RENAME_EXCHANGE,
  type SysResult,
} from '../../vfs/index.ts';
import type { Oracle } from '../oracle.ts';
import { leaveOpen } from './open-files.ts';
import { type Permit, permitsOf, ruleNamed } from './permits.ts';
import type { Lost } from './run.ts';
import {
  failed,
  filesOf,
  keepingPrivileges,
  leaveFilesOpen,
  losingPrivileges,
  mayHaveWritten,
  mayLosePrivileges,
  opensAnew,
  shorter,
  tookPlace,
} from './unseen.ts';
import { type Beginning, type Deed, World } from './world.ts';

/** States that are followed at a time. A run that may be in more is judged no further, and that is said. */
export const MOST_WORLDS = 64;

const writes: readonly OperationName[] = ['WRITE', 'COPY_FILE_RANGE', 'FALLOCATE'];
const writeCalls: ReadonlySet<string> = new Set(['write', 'pwrite', 'writev', 'copy_file_range', 'fallocate']);

/** A fault, with what it permits. */
interface Struck {
  readonly fault: InjectedFault;
  readonly permits: readonly Permit[];
}

/** What is known while faults strike: every state that the filesystem may be in, pruned by what is seen. */
export class Worlds implements Oracle {
  readonly #plan: FaultPlan;
  readonly #injected: readonly InjectedFault[];
  readonly #writeback: boolean;
  #worlds: World[];
  #heard = 0;
  #news: Struck[] = [];
  #shares = false;
  #lost: Lost | undefined;
  readonly #permitted = new Set<Permit['kind']>();
  /** Errors of writing back: whoever has to do with the file next may be told of them, whatever he asked for. */
  readonly #untold = new Set<number>();
  /** Something may have taken place of which the kernel was not told: of a file's size it then hears when it asks. */
  #unseen = false;

  /** `injected` grows as the run goes on. */
  constructor(beginning: Beginning, plan: FaultPlan, injected: readonly InjectedFault[], writeback: boolean) {
    this.#plan = plan;
    this.#injected = injected;
    this.#writeback = writeback;
    this.#worlds = [new World(beginning)];
  }

  get #first(): Model {
    return this.#worlds[0].model;
  }

  /** Undefined while results are judged. */
  get lost(): Lost | undefined {
    return this.#lost;
  }

  /** States that are left. */
  get count(): number {
    return this.#worlds.length;
  }

  /** Whether a fault so far permits one of these, for the rest of the run. */
  permits(...kinds: readonly ('silence' | 'locks' | 'held')[]): boolean {
    this.#note();
    return kinds.some((kind) => this.#permitted.has(kind));
  }

  /** Whether a fault is to blame for a call that does not end. Nothing after it is judged. */
  permitsSilence(error: unknown): boolean {
    return error instanceof StuckError && this.permits('silence', 'locks');
  }

  spawn(pid: number, credentials: Credentials, umask?: number): void {
    for (const world of this.#worlds) world.spawn(pid, credentials, umask);
  }

  /** Several calls ran side by side, and are judged next: what was injected may be any one's. */
  share(): void {
    this.#shares = true;
  }
  /** They are judged. */
  shared(): void {
    this.#shares = false;
    this.#note();
    this.#news = [];
  }

  // Which processes, descriptors and mappings there are, is the same in every state: their calls succeeded or not.
  runs(pid: number): boolean {
    return this.#first.runs(pid);
  }
  knows(pid: number): boolean {
    return this.#first.knows(pid);
  }
  descriptors(): ReturnType<Model['descriptors']> {
    return this.#first.descriptors();
  }
  inodeOf(pid: number, fd: number): Inode | undefined {
    return this.#first.inodeOf(pid, fd);
  }
  get mapsMemory(): boolean {
    return this.#first.mapsMemory;
  }
  mappings(): ReturnType<Model['mappings']> {
    return this.#first.mappings();
  }
  get root(): Inode {
    return this.#first.root;
  }

  step(pid: number, call: Call, result: SysResult, clock: CallClock): Verdict {
    const struck = withCopies(this.#hear(pid));
    if (this.#shares && call.op === 'kill') this.#endBeside(call.pid, result, clock);
    if (this.#lost !== undefined) {
      this.#first.step(pid, call, result, clock);
      for (const { fault, permits } of struck)
        if (permits.some(({ kind }) => kind === 'ended')) this.#worlds[0].do(ending(fault, clock));
      return undefined;
    }
    const isPlain = struck.length === 0 && this.#worlds.length === 1 && this.#untold.size === 0 && !this.#unseen;
    if (isPlain) return this.#unlessFound(call, result, this.#worlds[0].step(pid, call, result, clock));
    const untold = struck.find(({ fault }) => isOwed(fault, pid, call));
    if (untold !== undefined && !(typeof result === 'number' && result < 0))
      return wrongResult(`an error, as ${untold.fault.operation} gave one`, result);
    // Of a write that several faults strike any part may be there, whatever it gave: cut short and refused, say.
    const mixed = struck.filter(({ fault }) => writes.includes(fault.operation)).length > 1;
    for (const { fault, permits } of struck) {
      const behind = this.#isBehind(fault, call) && permits.some(({ kind }) => kind === 'error');
      if (behind) this.#keepError(permits);
      const open = behind || (mixed && writes.includes(fault.operation));
      if (open || permits.some(({ kind }) => kind === 'file')) this.#open(fault, pid, call);
    }
    if (this.#unseen && (unasked.has(call.op) || this.#appends(pid, call))) this.#openUnasked(pid, call);
    const next: World[] = [];
    let verdict: Verdict;
    for (const world of this.#worlds) {
      const wrong = this.#follow(world, { pid, call, result, clock, struck }, next);
      verdict ??= wrong;
    }
    if (next.length === 0) return this.#unlessFound(call, result, verdict);
    if (next.length > MOST_WORLDS) this.#lost = 'too many states';
    this.#worlds = next.slice(0, MOST_WORLDS);
    for (const { fault, permits } of struck) this.#afterwards(fault, permits, pid, call, clock);
    return undefined;
  }

  /** What was injected since the last call. */
  #hear(pid: number): readonly Struck[] {
    this.#note();
    if (this.#news.length === 0) return [];
    const struck = this.#news;
    if (this.#shares) return struck.filter(({ fault }) => !fault.pid || fault.pid === pid);
    this.#news = [];
    return struck;
  }

  /** Who was to be killed may have been ended by a fault, in a call beside. */
  #endBeside(pid: number, result: SysResult, clock: CallClock): void {
    if (result !== -errnoNumbers.ESRCH) return;
    for (const { fault, permits } of this.#news)
      if (fault.pid === pid && permits.some(({ kind }) => kind === 'ended'))
        for (const world of this.#worlds) world.do(ending(fault, clock));
  }

  #note(): void {
    if (this.#heard === this.#injected.length) return;
    for (const fault of this.#injected.slice(this.#heard)) {
      const permits = permitsOf(ruleNamed(this.#plan, fault.rule), fault.operation);
      for (const { kind } of permits) this.#permitted.add(kind);
      this.#news.push({ fault, permits });
    }
    this.#heard = this.#injected.length;
    if (this.#permitted.has('anything')) this.#lost ??= 'anything is permitted';
  }

  /** A file handle finds what has no name any more as long as the filesystem has not heard that nobody uses it. */
  #unlessFound({ op }: Call, result: SysResult, verdict: Verdict): Verdict {
    if (verdict === undefined || op !== 'open_by_handle_at' || !this.#permitted.has('late')) return verdict;
    if (typeof result === 'number' && result < 0) return verdict;
    this.#lost = 'anything is permitted';
    return undefined;
  }

  /** What failed behind the back of whoever wrote: what was in memory, the times too, may go or stay. */
  #isBehind({ operation }: InjectedFault, call: Call): boolean {
    if (operation === 'SETATTR') return this.#writeback;
    // A write past the page cache has what is stored in mapped memory written before (filemap_write_and_wait_range).
    return operation === 'WRITE' && (this.#writeback || !writeCalls.has(call.op) || this.#first.mapsMemory);
  }

  /** mapping_set_error (include/linux/pagemap.h). */
  #keepError(permits: readonly Permit[]): void {
    for (const permit of permits) {
      if (permit.kind !== 'error') continue;
      this.#untold.add(errnoNumbers.EIO);
      for (const error of permit.errors) this.#untold.add(error);
    }
  }

  #open(fault: InjectedFault, pid: number, call: Call): void {
    for (const world of this.#worlds)
      world.do((it) => {
        leaveFilesOpen(it, fault, pid, call);
        return undefined;
      });
  }

  #appends(pid: number, call: Call): boolean {
    if (!writeCalls.has(call.op) || !('fd' in call)) return false;
    return ((this.#first.fileOf(pid, call.fd)?.flags ?? 0) & O_APPEND) !== 0;
  }

  #openUnasked(pid: number, call: Call): void {
    for (const world of this.#worlds)
      world.do((it) => {
        const { model } = it;
        const files = [
          'fd' in call ? model.fileOf(pid, call.fd) : undefined,
          'fdOut' in call ? model.fileOf(pid, call.fdOut) : undefined,
          'map' in call ? model.mappingOf(pid, call.map)?.file : undefined,
        ];
        for (const file of files) if (file !== undefined) leaveOpen(it, file.inode);
        return undefined;
      });
  }

  /** The states that a call with this result may lead to from one; the verdict where there is none. */
  #follow(world: World, judged: Judged, next: World[]): Verdict {
    const { pid, call, result, clock, struck } = judged;
    const permits = struck.flatMap((one) => one.permits);
    const error = typeof result === 'number' && result < 0 ? -result : 0;
    const effects = permits.flatMap((permit) =>
      permit.kind === 'error' && (permit.errors.includes(error) || becomes(call, error)) ? [permit.effect] : [],
    );
    const untold = this.#untold.has(error);
    const refused = error !== 0 && (effects.length > 0 || untold);
    const mayBeDone = effects.includes('either') || opensAnew(call);
    const done = refused && mayBeDone ? tookPlace(pid, call, clock) : undefined;
    // As many forks as there are ways on but one.
    const none = refused ? world.fork() : undefined;
    const unseen = done === undefined ? undefined : world.fork();
    const again = permits.some(({ kind }) => kind === 'twice') ? secondly(call) : undefined;
    const twice = again !== undefined && (error === 0 || done !== undefined) ? world.fork() : undefined;
    const isShort = permits.some(({ kind }) => kind === 'short' || kind === 'error' || kind === 'file');
    const asked = (isShort ? shorter(call, result) : undefined) ?? call;
    if (permits.some(({ kind }) => kind === 'bytes'))
      world.do((it) => {
        openBytes(it, judged);
        return undefined;
      });
    if (this.#unseen) world.do(keepingPrivileges(pid, call));
    const verdict = world.step(pid, asked, result, clock);
    if (verdict === undefined) next.push(world);
    if (verdict === undefined && asked !== call) world.do(losingPrivileges(pid, call, clock));
    // What is made with set-user-id and cut at once loses that where it is made a second time; ESTALE has it opened again.
    if (verdict === undefined && opensAnew(call) && permits.some(opensTwice))
      world.do(({ model }) => {
        const file = typeof result === 'number' ? model.fileOf(pid, result) : undefined;
        if (file !== undefined) mayLosePrivileges(file.inode, clock);
        return undefined;
      });
    if (again !== undefined && twice !== undefined)
      if ([call, again].every((step) => twice.step(pid, step, 0, clock) === undefined)) next.push(twice);
    if (verdict !== undefined && none !== undefined && none.do(failed(pid, call, clock)) === undefined) next.push(none);
    if (unseen !== undefined && done !== undefined && unseen.do(done) === undefined) {
      next.push(unseen);
      // Of a directory in use the kernel does not know that it is removed, and goes on as if it were not (IS_DEADDIR).
      if (unseen.model.holdsRemoved) this.#lost ??= 'anything is permitted';
    }
    return verdict;
  }

  /** What a fault leaves behind, whatever the call gave. */
  #afterwards(fault: InjectedFault, permits: readonly Permit[], pid: number, call: Call, clock: CallClock): void {
    const all = (deed: Deed): void => {
      for (const world of this.#worlds) world.do(deed);
    };
    for (const permit of permits)
      switch (permit.kind) {
        case 'error':
          if (permit.effect === 'either') this.#unseen = true;
          if (permit.effect === 'either' && writes.includes(fault.operation)) this.#written(fault, pid, call, clock);
          break;
        case 'file':
          this.#open(fault, pid, call);
          break;
        case 'short':
          // Pages that are mapped have all of it.
          if (this.#first.mapsMemory) this.#open(fault, pid, call);
          break;
        case 'bytes':
          all((world) => {
            openBytes(world, { pid, call, struck: [{ fault, permits }] });
            return undefined;
          });
          break;
        case 'ended':
          all(ending(fault, clock));
          break;
        default:
      }
  }

  /** A write of which nobody was told: the file has grown, or it has not. */
  #written(fault: InjectedFault, pid: number, call: Call, clock: CallClock): void {
    if (fault.operation !== 'WRITE') {
      this.#open(fault, pid, call);
      return;
    }
    const write =
      (grown: boolean): Deed =>
      (world) => {
        for (const inode of filesOf(world, fault, pid, call)) mayHaveWritten(inode, fault, grown, clock);
        return undefined;
      };
    if (this.#worlds.some((world) => filesOf(world, fault, pid, call).size > 1)) {
      this.#open(fault, pid, call);
      return;
    }
    const grown: World[] = [];
    for (const world of this.#worlds) {
      const end = (fault.offset ?? 0) + (fault.length ?? 0);
      if ([...filesOf(world, fault, pid, call)].some(({ size }) => size < end)) {
        const larger = world.fork();
        larger.do(write(true));
        grown.push(larger);
      }
      world.do(write(false));
    }
    this.#worlds.push(...grown);
    if (this.#worlds.length > MOST_WORLDS) this.#lost = 'too many states';
  }
}

interface Judged {
  readonly pid: number;
  readonly call: Call;
  readonly result: SysResult;
  readonly clock: CallClock;
  readonly struck: readonly Struck[];
}

/** What is refused may be done by another copy of the request, which nobody is told of. */
function withCopies(struck: readonly Struck[]): readonly Struck[] {
  if (!struck.some(({ permits }) => permits.some(({ kind }) => kind === 'twice'))) return struck;
  return struck.map(({ fault, permits }) => ({
    fault,
    permits: permits.map((permit) => (permit.kind === 'error' ? { ...permit, effect: 'either' } : permit)),
  }));
}

/** The process of a fault is gone. */
const ending =
  ({ pid = 0 }: InjectedFault, clock: CallClock): Deed =>
  ({ model }) => {
    if (model.runs(pid)) model.step(pid, { op: 'exit', status: 137 }, 0, clock);
    return undefined;
  };

function openBytes(world: World, { pid, call, struck }: Pick<Judged, 'pid' | 'call' | 'struck'>): void {
  for (const { fault, permits } of struck) {
    if (!permits.some(({ kind }) => kind === 'bytes')) continue;
    const { offset = 0, length = 0 } = fault;
    for (const inode of filesOf(world, fault, pid, call)) inode.content?.forget(offset, offset + length);
  }
}

/** Errors that the caller must be told of, because nothing else would show them. */
function isOwed({ kind, operation, pid: of }: InjectedFault, pid: number, { op }: Call): boolean {
  if (of !== pid || (kind !== 'errno' && kind !== 'fsync-once')) return false;
  if (operation === 'FLUSH') return op === 'close';
  return (operation === 'FSYNC' || operation === 'FSYNCDIR') && (op === 'fsync' || op === 'fdatasync');
}

/** Calls that take the size of a file to be what the kernel heard last (i_size_read), and do not ask. */
const unasked: ReadonlySet<string> = new Set(['mmap', 'load', 'store', 'copy_file_range', 'fallocate']);

const opensTwice = (permit: Permit): boolean =>
  permit.kind === 'twice' || (permit.kind === 'error' && permit.errors.includes(errnoNumbers.ESTALE));

/**
 * What comes when a request is done a second time; undefined where that fails or changes nothing more, as all but an exchange do.
 * The request does not say that one of its names has to be a directory, as a slash behind it does.
 */
function secondly(call: Call): Call | undefined {
  if (call.op !== 'rename' || (call.flags & RENAME_EXCHANGE) === 0) return undefined;
  const [path, newPath] = [call.path, call.newPath].map((name) => name.replace(/\/+$/, ''));
  return { ...call, path, newPath };
}

/** Memory that could not be read is no memory (SIGBUS). */
const becomes = ({ op }: Call, error: number): boolean =>
  error === errnoNumbers.EFAULT && (op === 'load' || op === 'store');
