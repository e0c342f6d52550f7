import { errno, type FileSystem, type Negotiated, type NodeId, ROOT_NODE } from '../../vfs/index.ts';
import type { Message } from '../message.ts';
import { FOPEN_CACHE_DIR, FOPEN_DIRECT_IO, FOPEN_KEEP_CACHE } from '../protocol/index.ts';
import { Lookups } from './lookups.ts';
import type { SessionOptions } from './options.ts';

/** FOPEN_* that every open file gets, or does not get, whatever the filesystem answers; whether there are any. */
export interface OpenPolicy {
  readonly on: number;
  readonly off: number;
  readonly decided: boolean;
}

/** Of switches, each with its flag, those that are set; undefined is left to the filesystem. */
function openPolicy(...switches: readonly (readonly [boolean | undefined, number])[]): OpenPolicy {
  const flags = (wanted: boolean): number =>
    switches.reduce((all, [set, flag]) => (set === wanted ? all | flag : all), 0);
  return { on: flags(true), off: flags(false), decided: switches.some(([set]) => set !== undefined) };
}

/** What every part of a session shares. */
export class Core {
  readonly filesystem: FileSystem;
  readonly options: SessionOptions;
  readonly lookups = new Lookups();
  readonly entryTimeout: number;
  readonly attributeTimeout: number;
  readonly negativeTimeout: number;
  readonly directIo: boolean;
  readonly fileFlags: OpenPolicy;
  readonly directoryFlags: OpenPolicy;
  /** Answers may come later: write data must then outlive the call, after which its buffer is the sender's again. */
  readonly asynchronous: boolean;
  negotiated: Negotiated | undefined;
  /** INIT flags (bits 0-31) that the kernel offered. */
  offered = 0;
  closed = false;
  #data = new Uint8Array(0);
  #dataOf: Message | undefined;

  constructor(filesystem: FileSystem, options: SessionOptions) {
    this.filesystem = filesystem;
    this.options = options;
    this.entryTimeout = options.entryTimeout ?? 0;
    this.attributeTimeout = options.attributeTimeout ?? 0;
    this.negativeTimeout = options.negativeTimeout ?? 0;
    this.directIo = options.directIo ?? false;
    const keep = [options.keepCache, FOPEN_KEEP_CACHE] as const;
    this.fileFlags = openPolicy(keep, [options.directIo || undefined, FOPEN_DIRECT_IO]);
    this.directoryFlags = openPolicy(keep, [options.cacheDirectories, FOPEN_CACHE_DIR]);
    this.asynchronous = filesystem.mode === 'async';
  }

  /** Sends a message; returns the errno number with which the kernel refused it, or 0. */
  send(message: Message, length: number): number {
    if (this.closed) return errno.ENODEV.errno;
    const result = this.options.send(message, length);
    return typeof result === 'number' ? result : 0;
  }

  /** Whether the kernel may name this node. */
  knows(node: NodeId): boolean {
    return node === ROOT_NODE || this.lookups.count(node) > 0;
  }

  /** Takes references back; more than were given are reported. */
  forget(node: NodeId, lookups: number): void {
    const taken = this.lookups.remove(node, lookups);
    if (taken < lookups)
      this.options.report(
        `FORGET of node ${node}: expected at most ${taken} references to be given back, given ${lookups}`,
      );
    if (taken === 0) return;
    try {
      this.filesystem.forget?.(node, taken);
    } catch (error) {
      this.options.report(`forget of node ${node} threw`, error);
    }
  }

  /** The data of a WRITE, as a view that is used again for requests of the same size, or as a copy. */
  data(message: Message, start: number, end: number): Uint8Array {
    if (this.asynchronous) return message.bytes.slice(start, end);
    const at = message.bytes.byteOffset + start;
    if (this.#dataOf !== message || this.#data.length !== end - start || this.#data.byteOffset !== at) {
      this.#data = message.bytes.subarray(start, end);
      this.#dataOf = message;
    }
    return this.#data;
  }
}
