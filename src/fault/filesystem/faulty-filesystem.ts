import { milliseconds } from '../../sim/duration.ts';
import {
  type Context,
  type Decide,
  type DirentPlusSink,
  errno,
  type FileSystem,
  type Handle,
  type NodeId,
  nameFromBytes,
  nameToBytes,
  ROOT_NODE,
  type U64,
} from '../../vfs/index.ts';
import type { KernelFaults } from '../kernel-faults.ts';
import { another } from '../link/stale-references.ts';
import { type DataFault, shortened, spoil, tearAt } from '../match/corrupt.ts';
import type { FaultEngine, Strike } from '../match/engine.ts';
import { errnoFor } from '../match/errno.ts';
import type { FaultEvent } from '../match/event.ts';
import { NodePaths } from '../match/node-paths.ts';
import { ReadMemory } from '../match/read-memory.ts';
import { strikeAround } from '../match/trigger.ts';
import { entryIn, failed, handleIn, whenAnswered, withGeneration, withLies } from './answers.ts';
import { type Arguments, callEvent, describeCall, type Method, methods } from './calls.ts';

export interface FaultySurroundings {
  /** Calls back after so many milliseconds: for filesystems that are `async`. */
  readonly after: (ms: number, callback: () => void) => () => void;
  /** Lets so many milliseconds pass while nothing else happens: for filesystems that are `sync`. */
  readonly sleep: (ms: number) => void;
  /** What events set off around the filesystem; left out where a link does that. */
  readonly kernel?: KernelFaults;
  /** Number of the FUSE request that the filesystem is being given. */
  readonly serving?: () => U64 | undefined;
}

type Event = FaultEvent & { readonly where: 'filesystem' };
type Anything = (...given: unknown[]) => unknown;

/** One call under way: its arguments, which faults may change, and what becomes of its answer. */
interface Call {
  readonly method: Method;
  readonly event: Event;
  readonly given: unknown[];
  wait: number;
  readonly onAnswer: ((answer: unknown) => unknown)[];
}

/** The faults of a plan around a filesystem, whichever kernel asks it. The filesystem itself notices nothing. */
export function faultyFileSystem(
  filesystem: FileSystem,
  engine: FaultEngine,
  surroundings: FaultySurroundings,
): FileSystem {
  const faults = new FilesystemFaults(filesystem, engine, surroundings);
  const faulty: Record<string, unknown> = {
    name: filesystem.name,
    mode: filesystem.mode,
    wishes: filesystem.wishes,
    init: filesystem.init?.bind(filesystem),
    destroy: filesystem.destroy?.bind(filesystem),
  };
  for (const method of methods)
    if (filesystem[method] !== undefined) faulty[method] = (...given: unknown[]) => faults.call(method, given);
  return faulty as unknown as FileSystem;
}

class FilesystemFaults {
  readonly #filesystem: FileSystem;
  readonly #engine: FaultEngine;
  readonly #surroundings: FaultySurroundings;
  readonly #nodes = new NodePaths();
  readonly #memory = new ReadMemory();
  readonly #staleNodes = new Map<NodeId, Strike>();
  readonly #staleHandles = new Map<Handle, Strike>();
  readonly #generations = new Map<NodeId, { by: number; readonly strike: Strike }>();
  /** Files whose sync has failed, until they are written again. */
  readonly #unsynced = new Set<NodeId>();
  readonly #syncedOnce = new Set<NodeId>();

  constructor(filesystem: FileSystem, engine: FaultEngine, surroundings: FaultySurroundings) {
    this.#filesystem = filesystem;
    this.#engine = engine;
    this.#surroundings = surroundings;
  }

  call(method: Method, given: unknown[]): unknown {
    const described = (describeCall[method] as (...given: unknown[]) => ReturnType<(typeof describeCall)[Method]>)(
      ...given,
    );
    const event = callEvent(described, this.#nodes, this.#surroundings.serving?.());
    if (this.#surroundings.kernel !== undefined)
      for (const strike of this.#engine.triggers(event)) strikeAround(strike, event, this.#surroundings.kernel);
    const call: Call = { method, event, given, wait: 0, onAnswer: [] };
    const lasting = this.#refuses(event);
    if (lasting !== undefined) {
      lasting.injected('ESTALE again', event);
      return errno.ESTALE;
    }
    for (const strike of this.#engine.strikes(event)) {
      const ended = this.#strike(call, strike, described.context);
      if (ended !== undefined) return this.#slowly(call, () => ended.answer());
    }
    return this.#slowly(call, () => this.#pass(call));
  }

  /** Carries out what strikes a call; an answer where the filesystem is not to be asked. */
  #strike(call: Call, strike: Strike<'filesystem'>, context: Context | undefined): { answer(): unknown } | undefined {
    const fault = strike.rule.what;
    const { event, given, method } = call;
    const node = event.node as NodeId;
    switch (fault.kind) {
      case 'errno': {
        const chosen = errnoFor(fault, event.operation, strike);
        if (chosen === undefined) return undefined;
        strike.injected(fault.effect === 'after' ? `${chosen.code} after the effect` : chosen.code);
        if (fault.effect !== 'after') return { answer: () => chosen };
        call.onAnswer.push((answer) => whenAnswered(this.#takeBack(call, answer), () => chosen));
        return undefined;
      }
      case 'delay': {
        const ms = milliseconds(fault.ms, strike.draw);
        strike.injected(`${ms} ms`);
        call.wait += ms;
        return undefined;
      }
      case 'hang':
        if (context === undefined) return undefined;
        strike.injected();
        return { answer: () => untilInterrupted(context) };
      case 'bit-flip':
      case 'range':
      case 'zero-sector':
        this.#spoil(call, fault, strike);
        return undefined;
      case 'torn':
        this.#tear(call, fault.size ?? 512, strike);
        return undefined;
      case 'misdirect':
        this.#misdirect(call, fault.by ?? 4096, strike);
        return undefined;
      case 'short': {
        const data = given[2] as Uint8Array;
        const left = shortened(data.length, fault.bytes, strike);
        if (left === undefined) return undefined;
        strike.injected(`${left} of ${data.length} bytes`);
        given[2] = data.subarray(0, left);
        return undefined;
      }
      case 'stale-read':
        call.onAnswer.push((answer) => this.#staleRead(call, answer, strike));
        return undefined;
      case 'lie':
        call.onAnswer.push((answer) => withLies(answer, fault, (what) => strike.injected(what)));
        return undefined;
      case 'stale':
        return this.#staleReference(call, fault.how, strike);
      case 'fsync-lies':
        strike.injected();
        return { answer: () => undefined };
      case 'fsync-once':
        if (this.#syncedOnce.has(node)) return undefined;
        this.#syncedOnce.add(node);
        this.#unsynced.add(node);
        strike.injected(`${fault.errno ?? 'EIO'}, once`);
        return { answer: () => errno[fault.errno ?? 'EIO'] };
      case 'power-cut': {
        if (!canCrash(this.#filesystem)) return undefined;
        const kept: string[] = [];
        let lost = 0;
        this.#filesystem.crash((options, label) => {
          const keeps = strike.draw(label) < (fault.keep ?? 0);
          if (keeps) kept.push(label);
          else lost += 1;
          return keeps ? options - 1 : 0;
        });
        strike.injected(`${lost} changes lost, ${kept.length === 0 ? 'none kept' : `kept ${kept.join(', ')}`}`);
        return { answer: () => errno.EIO };
      }
      default:
        return unknownFault(fault, method);
    }
  }

  /** Asks the filesystem, and does to its answer what is to be done. */
  #pass(call: Call): unknown {
    const { method, event, given } = call;
    const node = event.node as NodeId;
    if (method === 'write') this.#unsynced.delete(node);
    // The kernel below takes the pages for clean: nothing is left to be written out.
    if ((method === 'fsync' || method === 'fsyncdir') && this.#unsynced.has(node)) return undefined;
    if (method === 'readdirplus') given[3] = this.#learning(node, given[3] as DirentPlusSink);
    const answer = (this.#filesystem[method] as Anything).apply(this.#filesystem, given);
    return whenAnswered(answer, (settled) => this.#finish(call, settled));
  }

  /** A listing that gives nodes gives their names. */
  #learning(parent: NodeId, sink: DirentPlusSink): DirentPlusSink {
    return {
      add: (name, entry, offset) => {
        const taken = sink.add(name, entry, offset);
        if (taken && name !== '.' && name !== '..') this.#nodes.entered(parent, name, entry.node);
        return taken;
      },
    };
  }

  #finish(call: Call, settled: unknown): unknown {
    let answer = settled;
    if (!failed(answer)) {
      answer = this.#regenerate(call, answer);
      for (const change of call.onAnswer) answer = change(answer);
    }
    return whenAnswered(answer, (given) => {
      if (!failed(given)) this.#learn(call, given);
      return given;
    });
  }

  #slowly(call: Call, go: () => unknown): unknown {
    if (call.wait === 0) return go();
    const { after, sleep } = this.#surroundings;
    if (this.#filesystem.mode === 'async')
      return new Promise((resolve) => void after(call.wait, () => resolve(undefined))).then(go);
    sleep(call.wait);
    return go();
  }

  #spoil(call: Call, fault: DataFault, strike: Strike): void {
    const { method, given, event } = call;
    const offset = event.offset ?? 0;
    const say = (what: string | undefined): void => {
      if (what !== undefined) strike.injected(what);
    };
    const copied = (data: Uint8Array): Uint8Array => {
      const copy = data.slice();
      say(spoil(fault, copy, offset, strike));
      return copy;
    };
    switch (method) {
      case 'write':
      case 'setxattr':
        given[2] = copied(given[2] as Uint8Array);
        return;
      case 'read':
        call.onAnswer.push((count) => {
          say(spoil(fault, (given[2] as Uint8Array).subarray(0, count as number), offset, strike));
          return count;
        });
        return;
      case 'getxattr':
        call.onAnswer.push((value) => copied(value as Uint8Array));
        return;
      case 'readlink':
        call.onAnswer.push((target) => nameFromBytes(copied(nameToBytes(target as string))));
        return;
    }
  }

  #tear(call: Call, size: number, strike: Strike): void {
    const data = call.given[2] as Uint8Array;
    const left = tearAt(call.event.offset ?? 0, data.length, size, strike);
    if (left === undefined) return;
    strike.injected(`${left} of ${data.length} bytes arrive`);
    call.given[2] = data.subarray(0, left);
    call.onAnswer.push(() => data.length);
  }

  #misdirect({ given, event }: Call, by: number, strike: Strike): void {
    const offset = event.offset ?? 0;
    const moved = offset + by;
    if (by === 0 || moved < 0 || !Number.isSafeInteger(moved)) return;
    strike.injected(`to offset ${moved} instead of ${offset}`);
    given[3] = moved;
  }

  #staleRead({ given, event }: Call, answer: unknown, strike: Strike): unknown {
    const into = given[2] as Uint8Array;
    const read = into.subarray(0, answer as number);
    const before = this.#memory.before(event.node as NodeId, event.offset ?? 0, read, into.length);
    if (before === undefined) return answer;
    into.set(before);
    strike.injected(`${before.length} bytes of before`);
    return before.length;
  }

  #staleReference(
    call: Call,
    how: 'forgotten' | 'handle' | 'generation' | 'reused',
    strike: Strike,
  ): { answer(): unknown } | undefined {
    const { event, given } = call;
    const node = event.node as NodeId;
    switch (how) {
      case 'forgotten':
        if (node === ROOT_NODE) return undefined;
        this.#staleNodes.set(node, strike);
        break;
      case 'handle':
        if (event.fh === undefined) return undefined;
        this.#staleHandles.set(Number(event.fh), strike);
        break;
      case 'generation':
        call.onAnswer.push((answer) => this.#raise(call, answer, strike));
        return undefined;
      case 'reused': {
        const other = another(node, this.#nodes.nodes, strike);
        if (other === undefined) return undefined;
        strike.injected(`node ${other} instead of ${node}`);
        given[0] = other;
        return undefined;
      }
    }
    strike.injected('ESTALE');
    return { answer: () => errno.ESTALE };
  }

  /** The strike because of which a call is refused with ESTALE. */
  #refuses({ operation, node, fh }: Event): Strike | undefined {
    if (operation === 'RELEASE' || operation === 'RELEASEDIR') this.#staleHandles.delete(Number(fh));
    if (operation === 'RELEASE' || operation === 'RELEASEDIR' || operation === 'FORGET') return undefined;
    return this.#staleNodes.get(node as NodeId) ?? (fh === undefined ? undefined : this.#staleHandles.get(Number(fh)));
  }

  #raise({ event }: Call, answer: unknown, strike: Strike): unknown {
    const entry = entryIn(answer);
    if (entry === undefined) return answer;
    const known = this.#generations.get(entry.node);
    if (known === undefined) this.#generations.set(entry.node, { by: 1, strike });
    else known.by += 1;
    strike.injected(`for node ${entry.node}`, event);
    return withGeneration(answer, 1);
  }

  #regenerate({ event }: Call, answer: unknown): unknown {
    const entry = entryIn(answer);
    const raised = entry && this.#generations.get(entry.node);
    if (entry === undefined || raised === undefined) return answer;
    raised.strike.injected(`for node ${entry.node}`, event);
    return withGeneration(answer, raised.by);
  }

  /** An answer that nobody gets: what it gave is taken back. */
  #takeBack({ method, given }: Call, answer: unknown): unknown {
    const context = given[given.length - 1] as Context;
    const entry = entryIn(answer);
    const filesystem = this.#filesystem;
    let released: unknown;
    if (method === 'open') released = filesystem.release?.(given[0] as NodeId, handleIn(answer), 0, context, undefined);
    else if (method === 'opendir') released = filesystem.releasedir?.(given[0] as NodeId, handleIn(answer), context);
    else if (entry !== undefined && (method === 'create' || method === 'tmpfile'))
      released = filesystem.release?.(entry.node, handleIn(answer), 0, context, undefined);
    if (entry !== undefined) filesystem.forget?.(entry.node, 1);
    return released;
  }

  /** What a call says about names, and what was read. */
  #learn({ method, given, event }: Call, answer: unknown): void {
    const entry = entryIn(answer);
    const nodes = this.#nodes;
    switch (method) {
      case 'lookup':
      case 'mknod':
      case 'mkdir':
      case 'symlink':
      case 'create': {
        const [parent, name] = given as unknown as Arguments<'lookup'>;
        if (entry !== undefined) nodes.entered(parent, name, entry.node);
        if (entry !== undefined) this.#staleNodes.delete(entry.node);
        return;
      }
      case 'link': {
        const [node, parent, name] = given as unknown as Arguments<'link'>;
        nodes.entered(parent, name, node);
        return;
      }
      case 'unlink':
      case 'rmdir': {
        const [parent, name] = given as unknown as Arguments<'unlink'>;
        nodes.removed(parent, name);
        return;
      }
      case 'rename': {
        const [parent, name, newParent, newName, flags] = given as unknown as Arguments<'rename'>;
        nodes.renamed(parent, name, newParent, newName, (flags & EXCHANGE) !== 0);
        return;
      }
      case 'forget': {
        const [node, lookups] = given as unknown as Arguments<'forget'>;
        nodes.forgotten(node, lookups);
        return;
      }
      case 'read':
        if (this.#engine.plan.rules.some(({ what }) => what.kind === 'stale-read'))
          this.#memory.remember(
            event.node as NodeId,
            event.offset ?? 0,
            (given[2] as Uint8Array).subarray(0, answer as number),
          );
        return;
    }
  }
}

/** A filesystem that can lose what was not synced (`volatile`). */
export const canCrash = (filesystem: FileSystem): filesystem is FileSystem & { crash(decide: Decide): void } =>
  'crash' in filesystem && typeof filesystem.crash === 'function';

/** RENAME_EXCHANGE of renameat2(2). */
const EXCHANGE = 2;

function untilInterrupted({ signal }: Context): Promise<unknown> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(errno.EINTR);
    else signal.addEventListener('abort', () => resolve(errno.EINTR), { once: true });
  });
}

function unknownFault(fault: never, method: Method): never {
  throw new Error(`fault at ${method}: expected one of the filesystem's, given ${JSON.stringify(fault)}`);
}
