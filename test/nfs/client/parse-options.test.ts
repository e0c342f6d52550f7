import { expect, test } from 'vitest';
import { parseNfsUrl, withoutCaches } from '../../../src/nfs/index.ts';

test('a URL names host, ports, export, options and habits', () => {
  expect(parseNfsUrl('nfs://[::1]:2050/a%20b?mountport=7&soft&timeo=10&noac&sillyRename=aside')).toMatchObject({
    host: '::1',
    port: 2050,
    mountport: 7,
    path: '/a b',
    recovery: 'soft',
    timeo: 10,
    ...withoutCaches,
    habits: { sillyRename: 'aside', verifier: 'compared' },
  });
});

test('MOUNT is on the port of NFS unless it is said', () => {
  expect(parseNfsUrl('nfs://host/export?port=5')).toMatchObject({ port: 5, mountport: 5 });
});

test('a later option wins, actimeo sets four', () => {
  expect(parseNfsUrl('nfs://h/e?actimeo=9&acregmin=1')).toMatchObject({ acregmin: 1, acregmax: 9, acdirmin: 9 });
});

test.each([
  ['nfs://host', 'expected nfs://HOST/EXPORT?port=P, given "nfs://host"'],
  ['nfs://h/e?sotf', 'unknown nfs option "sotf" (did you mean "soft"?)'],
  ['nfs://h/e?soft=1', 'nfs option soft: expected no value, given "1"'],
  ['nfs://h/e?timeo=0', 'nfs option timeo: expected a whole number from 1 to 6000, given "0"'],
  ['nfs://h/e?port', 'nfs option port: expected a whole number from 1 to 65535, given no value'],
  ['nfs://h/e?lookupcache=some', 'nfs option lookupcache: expected all or positive or none, given "some"'],
])('%s is refused with what is wrong', (url, problem) => {
  expect(() => parseNfsUrl(url)).toThrow(problem);
});
