import { type Draw, weighted } from './draw.ts';

const long = 'n'.repeat(255);
const tooLong = 'n'.repeat(256);

/** Names of entries: few, so that collisions are common; some at the edges of what a name may be. */
const names = weighted<string>([
  [16, 'a'],
  [16, 'b'],
  [12, 'c'],
  [8, 'd'],
  [4, 'e'],
  [1, long],
  [1, 'b\udcff'],
  [1, 'é'],
  [1, '...'],
  [1, '.a'],
  [1, 'a b'],
]);

const rare: readonly string[] = [tooLong, '.', '..', '\udc80\udcfe', `${'é'.repeat(127)}e`, `${'é'.repeat(128)}`];

export const drawName = (draw: Draw): string => (draw.chance(2) ? draw.of(rare) : draw.of(names));

/** Names of which few fill a page of directory entries. */
export const manyNames: readonly string[] = Array.from({ length: 40 }, (_, i) => `${'m'.repeat(200)}${i}`);

/** What symbolic links point to besides paths that are drawn as such. */
export const linkTargets: readonly string[] = [
  '.',
  '..',
  '/',
  'a',
  '../a',
  './b',
  '/a/b',
  'nowhere',
  '/a/',
  'b/',
  'a/..',
];

/** Extended attributes' names. */
export const xattrNames: readonly string[] = weighted<string>([
  [10, 'user.a'],
  [8, 'user.b'],
  [2, 'user.long name'],
  [2, 'trusted.a'],
  [1, 'user.'],
  [1, 'nonsense'],
  [1, ''],
  [1, `user.${'x'.repeat(250)}`],
  [1, `user.${'x'.repeat(251)}`],
]);

export const xattrSizes: readonly number[] = [0, 0, 1, 2, 7, 16, 64, 255, 256, 1000, 65536];
