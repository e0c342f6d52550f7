import type { Scenario } from '../scenario.ts';
import { clientCache } from './client-cache.ts';
import { clientOptions } from './client-options.ts';
import { corruption } from './corruption.ts';
import { directories } from './directories.ts';
import { durability } from './durability.ts';
import { exports } from './exports.ts';
import { fileHandles } from './file-handles.ts';
import { locks } from './locks.ts';
import { memory } from './memory.ts';
import { retransmission } from './retransmission.ts';

/** The failure catalogue, by row. */
export const scenarios: readonly Scenario[] = [
  ...fileHandles,
  ...retransmission,
  ...durability,
  ...clientCache,
  ...directories,
  ...clientOptions,
  ...corruption,
  ...exports,
  ...locks,
  ...memory,
].sort((one, other) => one.row - other.row);
