import type { Negotiated } from '../../vfs/index.ts';
import type { Counters } from './connection.ts';
import type { InterposerModule } from './interposer.ts';
import type { FileSystemModule } from './module.ts';
import type { ServeOptions } from './server.ts';

/** What a worker is started with. */
export interface WorkerTask {
  readonly source: FileSystemModule;
  readonly options: ServeOptions;
  readonly counters: Counters;
  readonly interposer?: InterposerModule;
}

/** From the worker. `opened` first, then `negotiated` when it was told to serve, `ended` last; `failed` instead of any. */
export type WorkerMessage =
  | { readonly kind: 'opened'; readonly fd: number; readonly name: string }
  | { readonly kind: 'negotiated'; readonly negotiated: Negotiated }
  | { readonly kind: 'report'; readonly message: string; readonly error?: Error }
  | { readonly kind: 'failed'; readonly error: Error }
  /** What the interposer says. */
  | { readonly kind: 'said'; readonly message: unknown }
  | { readonly kind: 'ended' };

/** To the worker, once: serve (the device is mounted), or end (it is not). */
export type WorkerOrder = 'serve' | 'end';
