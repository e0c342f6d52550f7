import { checkSystem } from '../mount/system.ts';
import { fuseIsRequired, variables } from './settings.ts';

/** Why there can be no mount here; undefined where there can. */
export function whyNoMount(): string | undefined {
  try {
    checkSystem();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const told = new Set<string>();

/**
 * Skips the test, with the reason, where there can be no mount. @throws Error instead under CI=true or ESTALE_REQUIRE_FUSE=1,
 * so that a machine on which mounts are to be tested does not pass without them
 */
export function needMounts(skip: (note: string) => never): void {
  const why = whyNoMount();
  if (why === undefined) return;
  if (fuseIsRequired()) throw new Error(`${why} (mounts are required here: CI=true or ${variables.requireFuse}=1)`);
  if (!told.has(why)) console.warn(`estale: tests on real mounts are skipped: ${why}`);
  told.add(why);
  skip(why);
}
