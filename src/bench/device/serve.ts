import { mount } from '../../mount/index.ts';

// The daemon of the benchmark: the ram filesystem, on the conditions of ram_ll.c.
const mounted = await mount(
  { module: new URL('../../filesystems/ram/index.js', import.meta.url).href, exportName: 'ram' },
  process.argv[2],
  { defaultPermissions: false, directIo: true, entryTimeout: 0, attributeTimeout: 0, negativeTimeout: 0 },
);
await mounted.closed;
