import { expect, test } from 'vitest';
import { growSlab, plot } from '../../src/scenarios/index.ts';

test('what is only looked at stays in memory; with reclaim it is bounded', async () => {
  const without = await growSlab({ files: 2000, samples: 4 });
  expect(without.map(({ files, nodes }) => [files, nodes])).toEqual([
    [500, 502],
    [1000, 1002],
    [1500, 1503],
    [2000, 2003],
  ]);
  const reclaimed = await growSlab({ files: 2000, samples: 100, inodesMost: 300 });
  expect(Math.max(...reclaimed.map(({ inodes }) => inodes))).toBeLessThanOrEqual(300);
  expect(reclaimed.every(({ inodes, dentries, nodes }) => inodes === nodes && dentries === nodes)).toBe(true);
});

test('a plot has its curves from the left to the right, the largest at the top', () => {
  const svg = plot({ title: 'Title', x: 'files', y: 'MiB' }, [
    {
      label: 'grows',
      colour: 'red',
      points: [
        [0, 0],
        [10, 5],
      ],
    },
  ]);
  expect(svg).toContain('points="90.0,340.0 680.0,50.0"');
  expect(svg).toContain('>grows</text>');
});
