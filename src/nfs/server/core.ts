import type { Environment } from '../../env/index.ts';
import { type Context, type Credentials, type NodeId, root, type U64 } from '../../vfs/index.ts';
import type { ExportOptions } from './exports/export.ts';
import type { Host } from './exports/hosts.ts';
import type { ExportTable } from './exports/table.ts';
import type { FileHandles } from './files/handles.ts';
import type { Journal } from './files/journal.ts';
import type { ServedVolume } from './files/volume.ts';
import type { ServerHabits } from './options.ts';

/** Who called. */
export interface Peer {
  readonly host: Host;
  readonly port: number;
}

/** What every procedure works with, for one life of the server: from a start to the next stop or crash. */
export interface Core {
  readonly environment: Environment;
  readonly habits: ServerHabits;
  readonly exports: ExportTable;
  readonly volumes: readonly ServedVolume[];
  readonly handles: FileHandles;
  readonly journal: Journal | undefined;
  /** The directories that are exported, by the export's number. */
  readonly roots: ReadonlyMap<number, { readonly volume: ServedVolume; readonly node: NodeId }>;
  /** Identifies this life, 1 to 2^32 - 1. */
  readonly boot: number;
  /** Tells a client whether the server may have lost what it wrote (RFC 1813, 3.3.7): changes when it may have. */
  writeVerifier: U64;
  /** Counts how often a call went on after it had waited: where it did not move, nothing came in between. */
  turns: number;
}

const never = new AbortController().signal;

/** What a filesystem is told of a caller. */
export const contextOf = ({ uid, gid }: Credentials): Context => ({ uid, gid, pid: 0, umask: 0, signal: never });

/** What the server does for itself. */
export const ownContext: Context = contextOf(root);

/** A verifier that no other life of the server has. */
export const freshVerifier = ({ random }: Environment): U64 => (random.uint32() & 0x1fffff) * 2 ** 32 + random.uint32();

/** What a handle led to, for a caller. */
export interface Located {
  readonly volume: ServedVolume;
  readonly node: NodeId;
  readonly exported: number;
  readonly options: ExportOptions;
  readonly who: Credentials;
  readonly context: Context;
}
