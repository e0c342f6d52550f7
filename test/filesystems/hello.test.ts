import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hello } from '../../src/filesystems/index.ts';
import { O_RDONLY, O_RDWR, ROOT_NODE } from '../../src/vfs/index.ts';
import { codeOf, Direct, ok } from '../support/direct.ts';
import { testEnvironment } from '../support/environment.ts';

const make = () => {
  const environment = testEnvironment(1_700_000_000);
  return { environment, fs: new Direct(hello(environment, {})) };
};

describe('the greeting', () => {
  test('the root shows one executable file, named for the second', () => {
    const { environment, fs } = make();
    expect(fs.names('/')).toEqual(['Hello_World_at_1700000000']);
    expect(fs.stat('/Hello_World_at_1700000000').mode).toBe(0o100555);
    environment.seconds += 1;
    expect(fs.names('/')).toEqual(['Hello_World_at_1700000001']);
  });

  test('a name that was just listed can still be asked for, an old or future one not', () => {
    const { environment, fs } = make();
    const [listed] = fs.names('/');
    environment.seconds += 1;
    expect(codeOf(() => fs.stat(`/${listed}`))).toBe('ok');
    expect(codeOf(() => fs.stat('/Hello_World_at_1700000002'))).toBe('ENOENT');
    expect(codeOf(() => fs.stat('/Hello_World_at_01700000000'))).toBe('ENOENT');
    environment.seconds += 10;
    expect(codeOf(() => fs.stat(`/${listed}`))).toBe('ENOENT');
  });

  test('it is one file that changes its name, and it is a script', () => {
    const { environment, fs } = make();
    const before = fs.stat(`/${fs.names('/')[0]}`);
    environment.seconds += 5;
    const after = fs.stat(`/${fs.names('/')[0]}`);
    expect(after.ino).toBe(before.ino);
    expect(after.ctime.sec - before.ctime.sec).toBe(5);
    expect(fs.read(`/${fs.names('/')[0]}`)).toMatch(/^#!\/bin\/sh\n/);
  });
});

describe('calculations', () => {
  test.each([
    ['5+34', '39'],
    ['5*5', '25'],
    ['2+3*4', '14'],
    ['(2+3)*4', '20'],
    ['2*(3+(4-1))', '12'],
    ['10-4-3', '3'],
    ['-5+2', '-3'],
    ['2*-3', '-6'],
    ['--4', '4'],
    ['-(1+1)', '-2'],
    ['0.1+0.2', '0.3'],
    ['1.50*2', '3'],
    ['.5+.5', '1'],
    ['7:2', '3.5'],
    ['7÷2', '3.5'],
    ['1:3', '0.33333333333333333333'],
    ['2:3', '0.66666666666666666667'],
    ['8:4:2', '1'],
    ['1:-4', '-0.25'],
    ['0*-1', '0'],
    [' 1 + 2 ', '3'],
    ['42', '42'],
    ['99999999999999999999*10+1', '999999999999999999991'],
  ])('%s is %s', (name, value) => {
    expect(make().fs.read(`/${name}`)).toBe(`${value}\n`);
  });

  test.each(['x', '5+', '+', '(1', '1)', '()', '1 2', '1..2', '5**2', '1e3', 'process.exit(1)', '½', '.'.repeat(3)])(
    '%s is no file',
    (name) => {
      expect(codeOf(() => make().fs.stat(`/${name}`))).toBe('ENOENT');
    },
  );

  test('an expression without a value is out of domain', () => {
    expect(codeOf(() => make().fs.stat('/1:(2-2)'))).toBe('EDOM');
  });

  test('sums of products come out as integers do', () => {
    const integer = fc.integer({ min: -1000, max: 1000 });
    fc.assert(
      fc.property(integer, integer, integer, integer, (a, b, c, d) => {
        expect(make().fs.read(`/${a}*(${b}-${c})+${d}`)).toBe(`${a * (b - c) + d || 0}\n`);
      }),
    );
  });

  test('the size is known before the file is opened', () => {
    const { fs } = make();
    expect(fs.stat('/5+34')).toMatchObject({ size: 3, mode: 0o100444, nlink: 1 });
  });

  test('it cannot be opened for writing', () => {
    const { fs } = make();
    expect(codeOf(() => fs.open('/1+1', O_RDONLY).close())).toBe('ok');
    expect(codeOf(() => fs.open('/1+1', O_RDWR))).toBe('EROFS');
  });
});

test('a node lives until every lookup of it is forgotten, and its id does not come back', () => {
  const { fs } = make();
  const lookup = () => ok(fs.fs.lookup(ROOT_NODE, '1+1', fs.context)).node;
  const getattr = (node: number) => codeOf(() => fs.fs.getattr(node, undefined, fs.context));
  const node = lookup();
  expect(lookup()).toBe(node);
  fs.fs.forget?.(node, 1);
  expect(getattr(node)).toBe('ok');
  fs.fs.forget?.(node, 1);
  expect(getattr(node)).toBe('ESTALE');
  expect(lookup()).not.toBe(node);
});

test('a listing can be continued anywhere', () => {
  const directory = make().fs.opendir('/');
  expect(directory.all(1).map(({ name }) => name)).toEqual(['.', '..', 'Hello_World_at_1700000000']);
});
