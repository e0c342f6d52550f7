/** What the one who runs the tests says through the environment. */
export const variables = { seed: 'ESTALE_SEED', replay: 'ESTALE_REPLAY', requireFuse: 'ESTALE_REQUIRE_FUSE' } as const;

const MAX_SEED = 2 ** 32 - 1;
/** Under CI=true every run is the same, so that a failure is of the change. */
const SEED_OF_CI = 2004;

const variable = (name: keyof typeof variables): string | undefined => process.env[variables[name]] || undefined;

const underCi = (): boolean => process.env.CI === 'true';

/**
 * The seed to run with: that of ESTALE_SEED, else the one that the test asks for, else always the same under CI=true, else a
 * new one.
 *
 * @throws RangeError where ESTALE_SEED is no seed
 */
export function chosenSeed(asked?: number): number {
  const given = variable('seed');
  if (given !== undefined) {
    const seed = /^\d+$/.test(given) ? Number(given) : Number.NaN;
    if (seed >= 0 && seed <= MAX_SEED) return seed;
    throw new RangeError(`${variables.seed}: expected a whole number from 0 to ${MAX_SEED}, given "${given}"`);
  }
  if (asked !== undefined) return asked;
  return underCi() ? SEED_OF_CI : crypto.getRandomValues(new Uint32Array(1))[0];
}

/** The counterexample that alone is to run, as a path; undefined where all tests run as they are. */
export const replayedFile = (): string | undefined => variable('replay');

/** Whether a test that needs a real mount fails where there can be none, instead of being skipped. */
export const fuseIsRequired = (): boolean => underCi() || variable('requireFuse') === '1';
