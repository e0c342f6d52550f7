import type { LinkEnds, LinkHook } from '../../fuse/link-hook.ts';
import { Message } from '../../fuse/message.ts';
import {
  CURRENT_DIALECT,
  type Dialect,
  decodeNotification,
  decodeReply,
  decodeRequest,
  dialectOf,
  OUT_HEADER_SIZE,
  opcode,
  opcodeRow,
  type Request,
  readU64,
  writeInHeader,
  writeOutHeader,
  writeU64,
} from '../../fuse/protocol/index.ts';
import { milliseconds } from '../../sim/duration.ts';
import { errnoNumbers as E, errno, type U64 } from '../../vfs/index.ts';
import type { KernelFaults } from '../kernel-faults.ts';
import type { FaultEngine, Strike } from '../match/engine.ts';
import { errnoFor } from '../match/errno.ts';
import { NodePaths } from '../match/node-paths.ts';
import { ReadMemory } from '../match/read-memory.ts';
import { strikeAround } from '../match/trigger.ts';
import type { FuseOperation } from '../plan/operations.ts';
import type { Exchange } from './exchange.ts';
import { Reordering } from './held.ts';
import { learnFromListing, learnFromReply, learnFromRequest, nameChange } from './names.ts';
import { Packet } from './packet.ts';
import { givesEntry, lengthen, lie, replaceData, shortenReply, spoilReply } from './reply-changes.ts';
import { misdirect, rename, shorten, spoilRequest, tear } from './request-changes.ts';
import { requestEvent } from './request-event.ts';
import { Restarts } from './restarts.ts';
import { StaleCache } from './stale-cache.ts';
import { another, StaleReferences } from './stale-references.ts';

export interface LinkSurroundings {
  /** Calls back after so many milliseconds, virtual in a simulation; the returned function cancels it. */
  readonly after: (ms: number, callback: () => void) => () => void;
  readonly kernel?: KernelFaults;
}

/** How a message goes on. */
interface Way {
  readonly packet: Packet;
  readonly pid: number | undefined;
  wait: number;
  /** Milliseconds after which it comes again. */
  readonly again: number[];
  reorder: Strike<'link-request' | 'link-reply'> | undefined;
}

const unanswered: ReadonlySet<string> = new Set(['FORGET', 'INTERRUPT']);

/** The faults of a plan on a link between a kernel and a daemon, whoever they are. */
export class LinkFaults implements LinkHook {
  readonly armed = true;
  readonly nodes = new NodePaths();
  readonly #engine: FaultEngine;
  readonly #surroundings: LinkSurroundings;
  readonly #inFlight = new Map<number, Exchange>();
  /** Requests that nobody will answer, and those of them that end when they are interrupted. */
  readonly #lost = new Set<number>();
  readonly #hung = new Set<number>();
  readonly #stale = new StaleReferences();
  readonly #cache = new StaleCache();
  readonly #memory = new ReadMemory();
  readonly #requests: Reordering;
  readonly #replies: Reordering;
  readonly #restarts: Restarts;
  /** What waits while the daemon takes nothing. */
  #queue: Way[] | undefined;
  /** The daemon is gone for good. */
  #dead = false;
  #dialect: Dialect = CURRENT_DIALECT;
  #ends: LinkEnds | undefined;
  #serving: U64 | undefined;

  constructor(engine: FaultEngine, surroundings: LinkSurroundings) {
    this.#engine = engine;
    this.#surroundings = surroundings;
    this.#requests = new Reordering(surroundings.after);
    this.#replies = new Reordering(surroundings.after);
    this.#restarts = new Restarts();
  }

  attach(ends: LinkEnds): void {
    const toDaemon = (message: Message, length: number): void => {
      const before = this.#serving;
      this.#serving = readU64(message.words, 2);
      try {
        ends.toDaemon(message, length);
      } finally {
        this.#serving = before;
      }
    };
    this.#ends = { toKernel: (message, length) => ends.toKernel(message, length), toDaemon };
  }

  /** Number of the request that is being given to the daemon; undefined while none is. */
  get serving(): U64 | undefined {
    return this.#serving;
  }

  /** The link is no more: what still waits goes nowhere. */
  close(): void {
    this.#dead = true;
    this.#ends = undefined;
  }

  keeps(unique: number): boolean {
    return this.#lost.has(unique);
  }

  request(message: Message, length: number, deliver: (message: Message, length: number) => void): void {
    const packet = new Packet(message, length);
    const request = decodeRequest(message, length, this.#dialect);
    if (request.op === 'INIT') this.#restarts.init(packet);
    const event =
      request.op === 'MALFORMED' || request.op === 'UNKNOWN' ? undefined : requestEvent(request, this.nodes);
    if (event === undefined || request.op === 'MALFORMED' || request.op === 'UNKNOWN') {
      deliver(message, length);
      return;
    }
    if (request.op === 'INTERRUPT' && this.#endsHung(Number(request.body.unique))) return;
    this.#restarts.adjustForgets(packet, request);
    for (const strike of this.#engine.triggers(event))
      if (strike.rule.what.kind === 'restart') this.#restart(strike, strike.rule.what);
      else if (strike.rule.what.kind !== 'keep-stale') {
        strikeAround(strike, event, this.#surroundings.kernel);
        this.#dead ||= strike.rule.what.kind === 'crash';
      } else if (this.#cache.keep(event.node ?? 0, strike)) strike.injected('', event);
    if (this.#dead) return;
    const unique = Number(event.unique);
    const exchange: Exchange = {
      event,
      names: nameChange(request),
      most: mostResults(request),
      packet: this.#restarts.wanted(this.#engine) ? new Packet(message, length).keep() : undefined,
      claim: undefined,
    };
    if (!unanswered.has(event.operation)) this.#inFlight.set(unique, exchange);
    const way = this.#strikeRequest(packet, request, exchange);
    learnFromRequest(request, this.nodes);
    if (way === undefined) this.#inFlight.delete(unique);
    else this.#send(way);
  }

  reply(message: Message, length: number, deliver: (message: Message, length: number) => number): number {
    const unique = message.words[2] + message.words[3] * 2 ** 32;
    if (this.#dead) return E.ENODEV;
    if (unique === 0) return this.#hidden(message, length) ? 0 : deliver(message, length);
    if (this.#restarts.isInit(unique)) return this.#initReply(message, length, deliver);
    const exchange = this.#inFlight.get(unique);
    if (exchange === undefined) return deliver(message, length);
    this.#inFlight.delete(unique);
    return this.#strikeReply(new Packet(message, length), exchange);
  }

  /** Carries out what strikes a request; undefined where it goes no further. */
  #strikeRequest(packet: Packet, request: Request, exchange: Exchange): Way | undefined {
    const { event } = exchange;
    const way: Way = { packet, pid: event.pid, wait: 0, again: [], reorder: undefined };
    const lasting = this.#stale.refuses(event);
    if (lasting !== undefined) return this.#refuse(event, lasting, 'ESTALE again');
    for (const strike of this.#engine.strikes(event)) {
      const fault = strike.rule.what;
      switch (fault.kind) {
        case 'errno': {
          const chosen = errnoFor(fault, event.operation, strike);
          if (chosen === undefined) break;
          strike.injected(chosen.code);
          return this.#answer(Number(event.unique), chosen.errno);
        }
        case 'drop':
        case 'hang':
          strike.injected();
          this.#lost.add(Number(event.unique));
          if (fault.kind === 'hang') this.#hung.add(Number(event.unique));
          return undefined;
        case 'delay':
        case 'duplicate':
        case 'reorder':
          onTheWay(way, strike);
          break;
        case 'interrupt':
          strike.injected();
          this.#surroundings.after(0, () => this.#forgeInterrupt(Number(event.unique)));
          break;
        case 'full-queue':
          strike.injected(`${fault.ms} ms`);
          this.#stall(fault.ms);
          break;
        case 'bit-flip':
        case 'range':
        case 'zero-sector':
          said(strike, spoilRequest(fault, packet, request, strike));
          break;
        case 'torn': {
          const torn = tear(fault, packet, request, strike);
          if (torn !== undefined) exchange.claim = event.length;
          said(strike, torn);
          break;
        }
        case 'misdirect':
          said(strike, misdirect(fault, packet, request));
          break;
        case 'short':
          said(strike, shorten(fault, packet, request, strike));
          break;
        case 'stale':
          if (fault.how === 'reused') said(strike, this.#redirect(packet, event.node, strike));
          else {
            if (fault.how === 'handle') this.#stale.loseHandle(event, strike);
            else this.#stale.forget(event, strike);
            if (this.#stale.refuses(event) !== undefined) return this.#refuse(event, strike, 'ESTALE');
          }
          break;
      }
    }
    return way;
  }

  #strikeReply(packet: Packet, exchange: Exchange): number {
    const { words } = packet.message;
    const { operation } = exchange.event;
    // Of a name that is known not to be there, node 0.
    const succeeded = words[1] === 0 && !(givesEntry(operation) && words[4] + words[5] === 0);
    const event = { ...exchange.event, where: 'link-reply' as const, failed: !succeeded };
    const way: Way = { packet, pid: event.pid, wait: 0, again: [], reorder: undefined };
    if (succeeded) {
      if (exchange.claim !== undefined) packet.keep().message.words[OUT_HEADER_SIZE / 4] = exchange.claim;
      this.#cache.reply(packet, event);
    }
    for (const strike of this.#engine.strikes(event)) {
      const fault = strike.rule.what;
      switch (fault.kind) {
        case 'errno': {
          const chosen = errnoFor(fault, event.operation, strike);
          if (chosen === undefined) break;
          strike.injected(chosen.code);
          this.#answer(Number(event.unique), chosen.errno);
          // The daemon takes back what its reply gave.
          return E.ENOENT;
        }
        case 'drop':
          strike.injected();
          this.#lost.add(Number(event.unique));
          return E.ENOENT;
        case 'delay':
        case 'duplicate':
        case 'reorder':
          onTheWay(way, strike);
          break;
        default:
          said(strike, this.#spoilReply(packet, exchange, strike));
      }
    }
    if (succeeded) {
      this.#stale.entry(packet, event);
      if (operation === 'READ' && way.wait === 0) this.#remember(packet, exchange);
    }
    return this.#sendReply(way, exchange);
  }

  #spoilReply(packet: Packet, exchange: Exchange, strike: Strike<'link-reply'>): string | undefined {
    const { operation, node = 0, offset = 0 } = exchange.event;
    const fault = strike.rule.what;
    switch (fault.kind) {
      case 'bit-flip':
      case 'range':
      case 'zero-sector':
        return spoilReply(fault, packet, operation === 'READ' ? offset : 0, strike);
      case 'short':
        return shortenReply(fault, packet, strike);
      case 'wrong-length':
        return lengthen(fault, packet, exchange.most);
      case 'lie':
        return lie(fault, packet, operation as FuseOperation);
      case 'stale-read': {
        const read = packet.message.bytes.subarray(OUT_HEADER_SIZE, packet.length);
        const before = this.#memory.before(node, offset, read, exchange.most ?? 0);
        if (before !== undefined) replaceData(packet, before);
        return before && `${before.length} bytes of before`;
      }
      case 'stale':
        // It is said where the generation is raised, now and later.
        this.#stale.bump(packet, strike);
        return undefined;
      default:
        return undefined;
    }
  }

  #remember(packet: Packet, { event }: Exchange): void {
    if (!this.#engine.plan.rules.some(({ what }) => what.kind === 'stale-read')) return;
    const data = packet.message.bytes.subarray(OUT_HEADER_SIZE, packet.length);
    this.#memory.remember(event.node ?? 0, event.offset ?? 0, data);
  }

  #redirect(packet: Packet, node: number | undefined, strike: Strike): string | undefined {
    const other = node === undefined ? undefined : another(node, this.nodes.nodes, strike);
    if (other === undefined) return undefined;
    rename(packet, other);
    return `node ${other} instead of ${node}`;
  }

  #refuse(event: Exchange['event'], strike: Strike, detail: string): undefined {
    strike.injected(detail, event);
    this.#answer(Number(event.unique), errno.ESTALE.errno);
  }

  #answer(unique: number, error: number): undefined {
    const message = new Message(OUT_HEADER_SIZE);
    writeOutHeader(message, OUT_HEADER_SIZE, error, unique);
    this.#ends?.toKernel(message, OUT_HEADER_SIZE);
  }

  /** A hung request that somebody interrupts ends with EINTR. */
  #endsHung(unique: number): boolean {
    if (!this.#hung.delete(unique)) return this.#lost.has(unique);
    this.#lost.delete(unique);
    this.#answer(unique, errno.EINTR.errno);
    return true;
  }

  #forgeInterrupt(unique: number): void {
    if (!this.#inFlight.has(unique)) return;
    const message = new Message(48);
    writeInHeader(message, 48, opcode.INTERRUPT, unique + 1, 0, 0, 0, 0);
    writeU64(message.words, 10, unique);
    this.#ends?.toDaemon(message, 48);
  }

  #stall(ms: number): void {
    this.#queue ??= [];
    this.#surroundings.after(ms, () => this.#flush());
  }

  #flush(): void {
    const waiting = this.#queue ?? [];
    this.#queue = undefined;
    for (const way of waiting) this.#send(way);
  }

  #send(way: Way): void {
    const { packet, wait, again, reorder } = way;
    if (this.#queue !== undefined) {
      packet.keep();
      this.#queue.push(way);
      return;
    }
    const go = (): void => {
      // The message is the kernel's again after the first delivery.
      if (again.length > 0) packet.keep();
      this.#ends?.toDaemon(packet.message, packet.length);
      for (const ms of again) this.#later(ms, packet, () => this.#ends?.toDaemon(packet.message, packet.length));
      this.#requests.passed(way.pid);
    };
    if (reorder?.rule.what.kind === 'reorder') {
      packet.keep();
      this.#requests.hold(reorder.rule.what, way.pid, go);
    } else if (wait > 0) this.#later(wait, packet, go);
    else go();
  }

  #sendReply(way: Way, exchange: Exchange): number {
    const { packet, wait, again, reorder } = way;
    const go = (): number => {
      if (again.length > 0) packet.keep();
      const refused = this.#toKernel(packet, exchange);
      for (const ms of again) this.#later(ms, packet, () => this.#ends?.toKernel(packet.message, packet.length));
      this.#replies.passed(way.pid);
      return refused;
    };
    if (reorder?.rule.what.kind === 'reorder') {
      packet.keep();
      this.#replies.hold(reorder.rule.what, way.pid, go);
      return 0;
    }
    if (wait === 0) return go();
    this.#later(wait, packet, go);
    return 0;
  }

  #later(ms: number, packet: Packet, go: () => void): void {
    packet.keep();
    if (ms === 0) go();
    else this.#surroundings.after(ms, go);
  }

  #toKernel(packet: Packet, { event, names }: Exchange): number {
    const { message, length } = packet;
    const refused = this.#ends?.toKernel(message, length) ?? 0;
    if (refused !== 0 || message.words[1] !== 0) return refused;
    if (names !== undefined) learnFromReply(names, message, this.nodes);
    if (event.operation === 'READDIRPLUS') {
      const reply = decodeReply(opcode.READDIRPLUS, message, length);
      if (reply.op === 'READDIRPLUS') learnFromListing(event.node ?? 0, reply, this.nodes);
    }
    return 0;
  }

  /** Whether a notification is about a file of which the kernel is not to hear. */
  #hidden(message: Message, length: number): boolean {
    const notification = decodeNotification(message, length);
    return notification.op === 'INVAL_INODE' && this.#cache.hides(Number(notification.body.ino));
  }

  #initReply(message: Message, length: number, deliver: (message: Message, length: number) => number): number {
    const reply = decodeReply(opcode.INIT, message, length);
    if (reply.op === 'INIT') this.#dialect = dialectOf(reply.body.minor, reply.body.flags);
    return this.#restarts.swallowsInit() ? 0 : deliver(message, length);
  }

  #restart(
    strike: Strike,
    fault: { readonly memory: 'kept' | 'lost'; readonly requests?: 'resend' | 'lost'; readonly ms?: number },
  ): void {
    strike.injected(`memory ${fault.memory}`);
    const unfinished = [...this.#inFlight];
    if (fault.requests === 'lost')
      for (const [unique] of unfinished) {
        this.#inFlight.delete(unique);
        this.#lost.add(unique);
      }
    this.#queue ??= [];
    this.#surroundings.after(fault.ms ?? 0, () => {
      const { kernel } = this.#surroundings;
      if (fault.memory === 'lost' && this.#ends !== undefined) {
        kernel?.restart?.();
        this.#restarts.begin(this.#ends, this.nodes);
        if (fault.requests !== 'lost')
          for (const [, { packet }] of unfinished) if (packet) this.#ends.toDaemon(packet.message, packet.length);
      }
      this.#flush();
    });
  }
}

function onTheWay(way: Way, strike: Strike<'link-request' | 'link-reply'>): void {
  const fault = strike.rule.what;
  switch (fault.kind) {
    case 'delay': {
      const ms = milliseconds(fault.ms, strike.draw);
      way.wait += ms;
      strike.injected(`${ms} ms`);
      return;
    }
    case 'duplicate':
      way.again.push(fault.ms ?? 0);
      strike.injected(`${fault.ms ?? 0} ms later`);
      return;
    case 'reorder':
      way.reorder = strike;
      strike.injected(`by up to ${fault.window}`);
      return;
  }
}

function said(strike: Strike, what: string | undefined): void {
  if (what !== undefined && what !== '') strike.injected(what);
}

/** Of a request for data, how much of it. */
function mostResults(request: Request): number | undefined {
  const { reply } = opcodeRow(request.op);
  if (reply.data === undefined && reply.entries === undefined) return undefined;
  return 'body' in request && 'size' in request.body ? Number(request.body.size) : undefined;
}
