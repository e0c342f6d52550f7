// The ram filesystem with answers that come later.
import { setImmediate as later } from 'node:timers/promises';
import { ram } from '../../../dist/filesystems/ram/index.js';

export default function slow(environment) {
  const filesystem = ram(environment, {});
  const { lookup } = filesystem;
  return Object.assign(filesystem, {
    mode: 'async',
    async lookup(parent, name, context) {
      await later();
      return lookup.call(this, parent, name, context);
    },
  });
}
