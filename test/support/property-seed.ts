import fc from 'fast-check';

// Properties draw a new seed each time, to find more; under CI=true always the same, so that a failure is of the change.
const given = process.env.ESTALE_SEED ?? (process.env.CI === 'true' ? '2004' : undefined);
if (given !== undefined) fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(given) });
