// Targets that do not come back, or take their thread with them, for checks in threads.
import { simulatedTarget } from '../../../dist/check/index.js';
import { ram } from '../../../dist/filesystems/ram/index.js';

/** The ram filesystem with other methods: `change` is given one that is fresh. */
const changed = (name, change) =>
  simulatedTarget(name, (...given) => {
    const filesystem = ram(...given);
    return Object.assign(filesystem, change(filesystem));
  });

const forever = () => {
  for (;;);
};

/** A lookup of the name loops. */
export const loopsFor = (wanted) =>
  changed('loops', (filesystem) => {
    const lookup = filesystem.lookup.bind(filesystem);
    return {
      lookup: (parent, name, ...rest) => (name === wanted ? forever() : lookup(parent, name, ...rest)),
    };
  });

/** mkdir is wrong, and where nothing was asked before, it loops: in what shrinking leads to. */
export const loopsWhenShrunk = () =>
  changed('loops when shrunk', (filesystem) => {
    const { lookup, mkdir } = filesystem;
    let asked = 0;
    return {
      lookup: (...given) => {
        asked++;
        return lookup.apply(filesystem, given);
      },
      mkdir: (...given) => {
        if (asked < 3) forever();
        mkdir.apply(filesystem, given);
        throw Object.assign(new Error('wrong'), { code: 'EDOM' });
      },
    };
  });

/** The second filesystem cannot be made. */
export const startsOnce = () => {
  const target = changed('starts once', () => ({}));
  let started = 0;
  return {
    ...target,
    start: (...given) => {
      if (started++ > 0) throw new Error('no kernel today');
      return target.start(...given);
    },
  };
};

/** mkdir ends the thread. */
export const exits = () => changed('exits', () => ({ mkdir: () => process.exit(7) }));

/** Nothing can be asked of it. */
export const neverStarts = () => changed('never starts', () => ({ getattr: forever }));
