import type { MissingScenario } from '../scenario.ts';

/** Rows of the catalogue that do not run. */
export const missing: readonly MissingScenario[] = [
  {
    id: 'blind-watch',
    row: 39,
    title: 'no notification for what another client changes',
    why: 'the simulated kernel has no inotify, so there is nobody who would not be notified',
  },
];
