import { describe, expect, test } from 'vitest';
import { checkMountOptions, kernelOptions, parseMountOptions } from '../../src/mount/options.ts';

describe('mount options', () => {
  test('switches, seconds, bytes and names, as -o spells them', () => {
    const text =
      'allow_other,ro,direct_io,entry_timeout=1.5,attr_timeout=0,negative_timeout=2,max_read=8192,max_write=65536';
    expect(parseMountOptions(`${text},fsname=my fs,subtype=x`)).toEqual({
      allowOther: true,
      readOnly: true,
      directIo: true,
      entryTimeout: 1.5,
      attributeTimeout: 0,
      negativeTimeout: 2,
      maxRead: 8192,
      maxWrite: 65536,
      fsname: 'my fs',
      subtype: 'x',
    });
  });

  test('the last setting of an option wins', () => {
    expect(parseMountOptions('ro,rw,,no_default_permissions')).toEqual({ readOnly: false, defaultPermissions: false });
  });

  test.each([
    ['allow_othr', 'unknown mount option "allow_othr" (did you mean "allow_other"?); there are: allow_other '],
    ['toString', 'unknown mount option "toString"'],
    ['ro=1', 'mount option ro: expected no value, given "1"'],
    ['entry_timeout', 'mount option entry_timeout: expected seconds from 0 to 4294967295, given no value'],
    ['attr_timeout=-1', 'mount option attr_timeout: expected seconds from 0 to 4294967295, given "-1"'],
    ['max_write=1', 'mount option max_write: expected a whole number of bytes from 4096 to 1048576, given "1"'],
    ['max_read=4k', 'mount option max_read: expected a whole number of bytes from 4096 to 1048576, given "4k"'],
    ['fsname=', 'mount option fsname: expected a name, given ""'],
    ['subtype=a b', 'mount option subtype: expected letters, digits, and . _ + -, given "a b"'],
  ])('%s is refused with what was expected', (text, message) => {
    expect(() => parseMountOptions(text)).toThrow(message);
  });

  test('the kernel checks permissions unless told otherwise', () => {
    expect(kernelOptions({}, 3, 0, 0)).toBe(
      'fd=3,rootmode=40000,user_id=0,group_id=0,nosuid,nodev,default_permissions',
    );
    expect(kernelOptions({ defaultPermissions: false, allowOther: true, readOnly: true, maxRead: 4096 }, 3, 5, 6)).toBe(
      'fd=3,rootmode=40000,user_id=5,group_id=6,nosuid,nodev,allow_other,ro,max_read=4096',
    );
  });

  test.each([
    [{ entryTimeout: Number.NaN }, 'mount option entry_timeout: expected seconds from 0 to 4294967295, given "NaN"'],
    [{ attributeTimeout: -1 }, 'mount option attr_timeout: expected seconds from 0 to 4294967295, given "-1"'],
    [{ maxWrite: 0 }, 'mount option max_write: expected a whole number of bytes from 4096 to 1048576, given "0"'],
    [
      { maxRead: 4096.5 },
      'mount option max_read: expected a whole number of bytes from 4096 to 1048576, given "4096.5"',
    ],
    [{ subtype: 'a,b' }, 'mount option subtype: expected letters, digits, and . _ + -, given "a,b"'],
    [{ readOnly: 'yes' as unknown as boolean }, 'mount option ro: expected true or false, given "yes"'],
  ])('settings of a program are checked too: %o', (settings, message) => {
    expect(() => checkMountOptions(settings)).toThrow(message);
  });

  test('settings in range pass', () => {
    expect(() => checkMountOptions({ entryTimeout: 1e-7, maxWrite: 4096, readOnly: false, fsname: 'x' })).not.toThrow();
  });
});
