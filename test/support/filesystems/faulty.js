// The ram filesystem with faults that its options name.
import { ram } from '../../../dist/filesystems/ram/index.js';

export default function faulty(environment, options) {
  const filesystem = ram(environment, {});
  if (options.readlink === 'throws') {
    filesystem.readlink = () => {
      throw Object.assign(new TypeError('the bug in readlink'), { cause: () => 'not cloneable' });
    };
  }
  if (options.statfs === 'never') {
    filesystem.statfs = () => {
      for (;;);
    };
  }
  if (options.factory === 'throws') throw new Error('the factory does not want to');
  return filesystem;
}
