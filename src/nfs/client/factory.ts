import type { FileSystemFactory } from '../../env/index.ts';
import { NfsClient } from './client.ts';
import { parseNfsUrl } from './parse-options.ts';

/** A client from options that are plain data: `url`, as `parseNfsUrl` takes it, with or without `nfs:` in front. */
export const nfsClient: FileSystemFactory = (environment, { url, ...others }) => {
  const [other] = Object.keys(others);
  if (other !== undefined) throw new TypeError(`nfs: unknown option "${other}", expected url alone`);
  if (typeof url !== 'string') throw new TypeError(`nfs: option url: expected a string, given ${typeof url}`);
  return new NfsClient(environment, parseNfsUrl(url.startsWith('//') ? `nfs:${url}` : url));
};

/** Where a worker finds the factory. */
export const nfsClientModule = {
  module: import.meta.url,
  exportName: 'nfsClient',
  argument: { option: 'url', kind: 'text' },
} as const;
