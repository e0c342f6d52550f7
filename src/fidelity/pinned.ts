/** The kernel that the simulated one is measured against. */
export const PINNED = '6.18';

/** Whether this is it, by its release (uname -r): of another kernel differences are reported, and are no failure. */
export const isPinned = (release: string): boolean => release.startsWith(`${PINNED}.`);
