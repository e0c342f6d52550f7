import { expect, test } from 'vitest';
import { escapeMountField, parseMountTable } from '../../src/mount/mount-table.ts';

test('lines of mountinfo, with and without optional fields, escapes undone', () => {
  const text = [
    '27 1 8:1 / / rw,relatime - ext4 /dev/root rw',
    '42 27 0:39 / /tmp/a\\040b\\134c rw,nosuid shared:7 master:2 - fuse.estale my\\040name rw,user_id=0',
    '',
  ].join('\n');
  expect(parseMountTable(text)).toEqual([
    { id: 27, device: '8:1', mountPoint: '/', type: 'ext4', source: '/dev/root' },
    { id: 42, device: '0:39', mountPoint: '/tmp/a b\\c', type: 'fuse.estale', source: 'my name' },
  ]);
});

test('paths are spelt as mountinfo spells them', () => {
  expect(escapeMountField('/a b\t\\c\n')).toBe('/a\\040b\\011\\134c\\012');
});
