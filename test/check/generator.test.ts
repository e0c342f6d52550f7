import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Draw } from '../../src/check/arbitrary/draw.ts';
import { simplerPrograms } from '../../src/check/arbitrary/simplify.ts';
import {
  capabilities,
  generateProgram,
  type Program,
  parseScript,
  showCall,
  showScript,
  type Without,
} from '../../src/check/index.ts';
import { seededRandom } from '../../src/check/seed.ts';
import { type Call, syscalls } from '../../src/vfs/index.ts';

function* generated(runs: number, without?: Without): Generator<Program> {
  for (let run = 0; run < runs; run++)
    yield generateProgram(new Draw(new fc.Random(seededRandom(1, run))), { without });
}

function counts(programs: Iterable<Program>, what: (call: Call) => string): Map<string, number> {
  const found = new Map<string, number>();
  for (const { steps } of programs)
    for (const { call } of steps) found.set(what(call), (found.get(what(call)) ?? 0) + 1);
  return found;
}

describe('generated programs', () => {
  it('contain every system call', () => {
    const found = counts(generated(1500), ({ op }) => op);
    expect(Object.keys(syscalls).filter((op) => !found.has(op))).toEqual([]);
  });

  it('are the same for the same seed and run', () => {
    expect([...generated(20)]).toEqual([...generated(20)]);
  });

  it('contain nothing that needs a capability which is missing', () => {
    const ops = (without: Without) => [...counts(generated(400, without), ({ op }) => op).keys()];
    const small = ops(new Set(['links', 'symlinks', 'xattrs', 'locks', 'flock']));
    expect(small.filter((op) => /^(link|symlink|readlink|flock|setlk|getlk)$|xattr/.test(op))).toEqual([]);
    const still = ops(new Set(['mmap', 'fadvise', 'drop-caches', 'handles']));
    expect(still.filter((op) => /^(mmap|munmap|msync|load|store|posix_fadvise|drop_caches)$|handle/.test(op))).toEqual(
      [],
    );
    const flags = counts(generated(400, new Set(['mmap-shared'])), (call) =>
      call.op === 'mmap' ? `${call.flags}` : '',
    );
    expect([...flags.keys()].sort()).toEqual(['', '0', '2']);
    const users = [...generated(300, new Set(['permissions']))].flatMap(({ processes }) => processes);
    expect(users.filter(({ uid }) => uid !== 0)).toEqual([]);
    const reading = ops(new Set(['write']));
    expect(reading.filter((op) => /write|mkdir|unlink|rename|truncate|chmod|symlink|setx/.test(op))).toEqual([]);
    expect(ops(new Set(Object.keys(capabilities)) as Without)).toContain('open');
  });

  it('change a part of a lock, and have another process ask about it', () => {
    const split = [...generated(400)].filter(({ steps }) =>
      steps.some(({ pid, call }, i) => {
        const [next, asked] = [steps[i + 1], steps[i + 2]];
        return (
          call.op === 'setlk' &&
          next?.call.op === 'setlk' &&
          next.pid === pid &&
          asked?.call.op === 'getlk' &&
          asked.pid !== pid
        );
      }),
    );
    expect(split.length).toBeGreaterThan(4);
  });

  it('have directories of groups in which some users are besides their own', () => {
    const shared = [...generated(400)].filter(({ processes, steps: [{ call }] }) =>
      processes.some(({ gid, groups }) => call.op === 'chown' && gid !== call.gid && groups.includes(call.gid)),
    );
    expect(shared.length).toBeGreaterThan(5);
  });

  it('collide on few names, and now and then have odd ones', () => {
    const paths = counts(generated(1500), (call) => ('path' in call ? call.path : ''));
    expect(paths.get('/a')).toBeGreaterThan(500);
    const odd = [...paths.keys()];
    for (const pattern of [/n{255}/, /n{256}/, /[\udc80-\udcff]/, /\/$/, /\/\.\.$/, /^[^/]/, /é/])
      expect(odd.some((path) => pattern.test(path))).toBe(true);
  });
});

describe('simpler programs', () => {
  it('come to an end from wherever shrinking begins', () => {
    for (const program of generated(15)) {
      let steps = 0;
      for (let at = program; steps < 5000; steps++) {
        const next = simplerPrograms(at).next();
        if (next.done) break;
        at = next.value;
      }
      expect(steps).toBeLessThan(5000);
    }
  });

  it('go without a symbolic link, without a second descriptor, and without two calls at once', () => {
    const program = parseScript(`p1: uid 0, gid 0, umask 022
1  p1  symlink("/a", "/b")
2  p1  fd3 = open("/c", O_RDWR|O_CREAT, 0644)
3  p1  fd4 = open("/b", O_RDWR|O_CREAT, 0644)
4  p1  pwrite(fd4, pattern(0, 1), 0)`);
    const calls = ({ steps }: Program): readonly string[] => steps.map(({ call }) => showCall(call));
    const simpler = [...simplerPrograms(program)].map(calls);
    const [link, first, second, write] = calls(program);
    expect(simpler).toContainEqual([first, second.replace('/b', '/a'), write]);
    expect(simpler).toContainEqual([link, first, write.replace('fd4', 'fd3')]);
    expect(simpler).toContainEqual([first, write]);
    expect(simpler).toContainEqual([link, second]);
  });

  it('of a given last candidate never grow back', () => {
    const [program] = generated(1);
    let at = program;
    const seen = new Set<string>();
    for (let i = 0; i < 500; i++) {
      const all = [...simplerPrograms(at)].filter(({ steps }) => steps.length === at.steps.length);
      if (all.length === 0) break;
      at = all[all.length - 1];
      const text = showScript(at);
      expect(seen.has(text)).toBe(false);
      seen.add(text);
    }
  });
});
