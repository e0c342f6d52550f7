import type { Bug } from '../bug.ts';
import { faults } from './faults.ts';
import { journal } from './journal.ts';
import { kernelCaches } from './kernel-caches.ts';
import { kernelNames } from './kernel-names.ts';
import { kernelOpenFiles } from './kernel-open-files.ts';
import { kernelPermissions } from './kernel-permissions.ts';
import { loopback } from './loopback.ts';
import { ramAttributes } from './ram-attributes.ts';
import { ramData } from './ram-data.ts';
import { ramNames } from './ram-names.ts';
import { session } from './session.ts';

/** Every seeded bug. */
export const bugs: readonly Bug[] = [
  ...ramNames,
  ...ramAttributes,
  ...ramData,
  ...loopback,
  ...journal,
  ...session,
  ...kernelNames,
  ...kernelPermissions,
  ...kernelOpenFiles,
  ...kernelCaches,
  ...faults,
];
