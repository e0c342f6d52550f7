import { createRequire } from 'node:module';

/** The library, loaded on first use: most runs read no plan. */
export const yaml = (): typeof import('yaml') => createRequire(import.meta.url)('yaml');
