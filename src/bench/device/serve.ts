import { mount } from '../../mount/index.ts';
import { mountLibfuse } from '../../mount/libfuse/channel.ts';

// The daemon of the benchmark: the ram filesystem, on the conditions of ram_ll.c, through the device or libfuse. With a trace
// file between the two it records.
const [channel, ...rest] = process.argv.slice(2);
const directory = rest[rest.length - 1];
const record = rest.length > 1 ? { file: rest[0], force: true } : undefined;
const mounted = await (channel === 'libfuse' ? mountLibfuse : mount)(
  { module: new URL('../../filesystems/ram/index.js', import.meta.url).href, exportName: 'ram' },
  directory,
  {
    defaultPermissions: false,
    directIo: true,
    entryTimeout: 0,
    attributeTimeout: 0,
    negativeTimeout: 0,
    report: record === undefined ? () => {} : console.error,
    record,
  },
);
await mounted.closed;
