import type { ConfigurationName } from '../configurations.ts';
import { finite, pageCache } from './caches.ts';
import { calls } from './calls.ts';
import { eviction, exported, links, listings, notifications, readOnly } from './invalidation.ts';
import { moreCalls } from './more-calls.ts';

/** A group of scripts and the configurations that all of them run under. */
export interface Group {
  readonly configurations: readonly ConfigurationName[];
  readonly scripts: Readonly<Record<string, string>>;
}

/** Every script of the corpus, by what it is about. */
export const corpus: readonly Group[] = [
  ...[calls, moreCalls, pageCache, finite, notifications, links, listings, exported, eviction, readOnly],
];
