import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  counterexampleFromText,
  counterexampleToText,
  knownFromText,
  knownToText,
  type Program,
  parseScript,
  programFromJson,
  programs,
  programToJson,
  showFinding,
  showScript,
} from '../../src/check/index.ts';

const everyForm: Program = {
  version: 1,
  processes: [{ pid: 1, uid: 1000, gid: 100, groups: [7, 8], umask: 0o077 }],
  steps: [
    { pid: 1, call: { op: 'open', path: '/b\udcff "\n', flags: 0o102, mode: 0o4644, dirfd: 5, into: 3 } },
    { pid: 1, call: { op: 'write', fd: 3, data: new Uint8Array([0, 200, 10]) } },
    { pid: 1, call: { op: 'writev', fd: 3, datas: [new Uint8Array([1]), { seed: 2, length: 3 }] } },
    { pid: 1, call: { op: 'utimensat', path: 'a', atime: 'now', mtime: { sec: -5, nsec: 7 }, flags: 0x100 } },
    { pid: 1, call: { op: 'setlk', fd: 3, type: 'write', whence: 2, start: -1, size: 0, wait: false } },
    { pid: 1, call: { op: 'readv', fd: 3, sizes: [] } },
    { pid: 1, call: { op: 'mmap', fd: 3, offset: 0, size: 5000, protection: 3, flags: 1, into: 2 } },
    { pid: 1, call: { op: 'msync', map: 2, offset: 4096, size: 1, flags: 4 } },
    { pid: 1, call: { op: 'posix_fadvise', fd: 3, offset: 0, size: 0, advice: 4 } },
    { pid: 1, call: { op: 'name_to_handle_at', path: 'a', flags: 0x400, dirfd: 5, into: 0 } },
    { pid: 1, call: { op: 'open_by_handle_at', handle: 0, flags: 2 } },
  ],
};

describe('the script', () => {
  it('is what people read and paste', () => {
    expect(showScript(everyForm).split('\n')).toEqual([
      'p1: uid 1000, gid 100, groups 7 8, umask 077',
      ' 1  p1  fd3 = open("/b\\udcff \\"\\n", O_RDWR|O_CREAT, 04644, dirfd=fd5)',
      ' 2  p1  write(fd3, bytes("\\u0000È\\n"))',
      ' 3  p1  writev(fd3, [bytes("\\u0001"), pattern(2, 3)])',
      ' 4  p1  utimensat("a", UTIME_NOW, {-5, 7}, AT_SYMLINK_NOFOLLOW)',
      ' 5  p1  setlk(fd3, "write", SEEK_END, -1, 0, false)',
      ' 6  p1  readv(fd3, [])',
      ' 7  p1  map2 = mmap(fd3, 0, 5000, PROT_READ|PROT_WRITE, MAP_SHARED)',
      ' 8  p1  msync(map2, 4096, 1, MS_SYNC)',
      ' 9  p1  posix_fadvise(fd3, 0, 0, POSIX_FADV_DONTNEED)',
      '10  p1  handle0 = name_to_handle_at("a", AT_SYMLINK_FOLLOW, dirfd=fd5)',
      '11  p1  open_by_handle_at(handle0, O_RDWR)',
    ]);
  });

  it('reads back as the same program', () => {
    expect(parseScript(showScript(everyForm))).toEqual(everyForm);
    // 500 programs contain every system call (see generator.test.ts, where 400 do).
    const readsBack = (program: Program) => void expect(parseScript(showScript(program))).toEqual(program);
    fc.assert(fc.property(programs(), readsBack), { numRuns: 500 });
  });

  it('says where it is not understood', () => {
    expect(() => parseScript('1  p1  opne("/a")')).toThrow('script line 1: expected a system call, given "opne"');
    expect(() => parseScript('1  p1  mkdir("/a")')).toThrow(/expected a comma and the mode of mkdir, given "\)"/);
    expect(() => parseScript('1  p1  close(fd3) x')).toThrow(/expected the end of the line/);
    expect(() => parseScript('hello')).toThrow(/expected a process or a call/);
  });
});

describe('JSON', () => {
  it('reads back as the same program', () => {
    const back = (program: Program) => programFromJson(JSON.parse(JSON.stringify(programToJson(program))));
    expect(back(everyForm)).toEqual(everyForm);
    fc.assert(
      fc.property(programs(), (program) => void expect(back(program)).toEqual(program)),
      { numRuns: 500 },
    );
  });

  it.each([
    [{ version: 2 }, 'program.version: expected 1 (written by a later version of estale?), given 2'],
    [{ version: 1, processes: 3 }, 'program.processes: expected an array, given 3'],
    [
      { version: 1, processes: [], steps: [{ pid: 1, call: { op: 'opne' } }] },
      'program.steps[0].call.op: expected a system call, given "opne"',
    ],
    [
      { version: 1, processes: [], steps: [{ pid: 1, call: { op: 'close', fd: 'x' } }] },
      'program.steps[0].call.fd: expected a whole number, given "x"',
    ],
    [
      { version: 1, processes: [], steps: [{ pid: 1, call: { op: 'close', fd: 3, mode: 1 } }] },
      'program.steps[0].call.mode: expected no such argument of close, given 1',
    ],
  ])('%j is refused with place, expected and given', (value, message) => {
    expect(() => programFromJson(value)).toThrow(message);
  });
});

describe('files', () => {
  const finding = {
    signature: 'close: expected EBADF, got success',
    expected: 'EBADF',
    actual: 'success',
    seed: 1,
    run: 2,
  };

  it('of counterexamples are self-contained', () => {
    const counterexample = { ...finding, target: 'mine', program: everyForm };
    expect(counterexampleFromText(counterexampleToText(counterexample))).toEqual(counterexample);
    const model = {
      directoryNlink: 'one',
      sharedMappings: 'refused',
      fileSizeLimit: 5,
      ignore: new Set(['times'] as const),
    } as const;
    const conditions = { without: ['links'], model, settings: { entryTimeout: 1, directIo: true } } as const;
    const judged = { ...counterexample, conditions };
    expect(counterexampleFromText(counterexampleToText(judged))).toEqual(judged);
    const wrong = counterexampleToText(judged).replace('"links"', '"lynx"');
    expect(() => counterexampleFromText(wrong)).toThrow(
      /^file.conditions.without\[0\]: expected one of .*, given "lynx"$/,
    );
    expect(() => counterexampleFromText('{"format":"x"}')).toThrow(/^file.format: expected "estale counterexample"/);
  });

  it('of known divergences keep signatures and notes', () => {
    const known = [{ signature: 'a' }, { signature: 'b', note: 'why' }];
    expect(knownFromText(knownToText(known))).toEqual(known);
    expect(() => knownFromText('{"format":"estale known divergences","version":1,"known":[{}]}')).toThrow(
      'file.known[0].signature: expected a string, given nothing',
    );
  });

  it('show a finding with expected and actual under the call that failed', () => {
    const program: Program = { ...everyForm, steps: [{ pid: 1, call: { op: 'close', fd: 3 } }] };
    expect(
      showFinding({ ...finding, program })
        .split('\n')
        .slice(2),
    ).toEqual(['1  p1  close(fd3)', '       expected: EBADF', '       actual:   success']);
  });
});
