import { describe, expect, test } from 'vitest';
import { Exploration } from '../../src/check/index.ts';
import { overMedium, ram, VolatileMedium, volatileOver } from '../../src/filesystems/index.ts';
import { createSimulation, type SimulatedFs, type Simulation, simulate, simulatedFs } from '../../src/sim/index.ts';
import { type Call, type CrashPromise, type Decide, O_RDWR, root, S_IFREG } from '../../src/vfs/index.ts';

const nothing: Decide = () => 0;
const everything: Decide = (options) => options - 1;

/** What can be read of a tree, a line a name. */
function tree(fs: SimulatedFs, path = ''): string[] {
  return fs.readdirSync(`${path}/`).flatMap((name) => {
    const child = `${path}/${name}`;
    const stat = fs.lstatSync(child);
    if (stat.isDirectory()) return [`${child}/`, ...tree(fs, child)];
    return [stat.isSymbolicLink() ? `${child} -> ${fs.readlinkSync(child)}` : `${child}: ${fs.readFileSync(child)}`];
  });
}

function mounted(promise: CrashPromise): { fs: SimulatedFs; left: (decide: Decide) => string[] } {
  const medium = new VolatileMedium(promise);
  const on = (stored: VolatileMedium, isNew: boolean): SimulatedFs =>
    simulatedFs(simulate((environment, options) => overMedium(ram, environment, options, stored, isNew)));
  return { fs: on(medium, true), left: (decide) => tree(on(medium.survivors(decide), false)) };
}

function sync(fs: SimulatedFs, path: string): void {
  const fd = fs.openSync(path, 'r');
  fs.fsyncSync(fd);
  fs.closeSync(fd);
}

/** Every tree that a crash may leave behind. */
function outcomes(left: (decide: Decide) => string[]): Set<string> {
  const found = new Set<string>();
  const exploration = new Exploration();
  while (exploration.next()) found.add(left(exploration.decide).join(' '));
  return found;
}

test('a file handle finds what the kernel has forgotten', () => {
  const kernel = simulate((environment, options) =>
    overMedium(ram, environment, options, new VolatileMedium('posix'), true),
  );
  kernel.spawn(1, root);
  const calls: Call[] = [
    { op: 'mkdir', path: '/d', mode: 0o755 },
    { op: 'mknod', path: '/d/f', mode: S_IFREG | 0o644, rdev: 0 },
    { op: 'name_to_handle_at', path: '/d/f', flags: 0, into: 0 },
    { op: 'drop_caches', caches: 2 },
    { op: 'open_by_handle_at', handle: 0, flags: O_RDWR, into: 3 },
    { op: 'write', fd: 3, data: Buffer.from('abc') },
  ];
  expect(calls.map((call) => kernel.call(1, call))).toEqual([0, 0, 0, 0, 3, 3]);
});

describe('volatile, posix', () => {
  test('a crash may lose everything, or nothing', () => {
    const { fs, left } = mounted('posix');
    fs.mkdirSync('/d');
    fs.writeFileSync('/d/f', 'one');
    fs.symlinkSync('f', '/d/s');
    expect(left(nothing)).toEqual([]);
    expect(left(everything)).toEqual(['/d/', '/d/f: one', '/d/s -> f']);
  });

  test('fsync of a file keeps its bytes, fsync of the directory its name', () => {
    const { fs, left } = mounted('posix');
    fs.writeFileSync('/f', 'one');
    sync(fs, '/f');
    expect(outcomes(left)).toEqual(new Set(['', '/f: one']));
    sync(fs, '/');
    expect(outcomes(left)).toEqual(new Set(['/f: one']));
  });

  test('a name that is safe may stand for a file without its bytes', () => {
    const { fs, left } = mounted('posix');
    fs.writeFileSync('/f', 'one');
    sync(fs, '/');
    expect(outcomes(left)).toEqual(new Set(['/f: ', '/f: \0\0\0', '/f: one']));
  });

  test('a file that is renamed over another is there, old or new', () => {
    const { fs, left } = mounted('posix');
    for (const name of ['/f', '/g']) {
      fs.writeFileSync(name, name);
      sync(fs, name);
    }
    sync(fs, '/');
    fs.renameSync('/g', '/f');
    expect(outcomes(left)).toEqual(new Set(['/f: /f /g: /g', '/f: /f', '/f: /g /g: /g', '/f: /g']));
  });

  test('a directory that is moved is at one of both places', () => {
    const { fs, left } = mounted('posix');
    fs.mkdirSync('/d');
    sync(fs, '/');
    fs.renameSync('/d', '/e');
    expect(outcomes(left)).toEqual(new Set(['/d/', '/e/']));
  });
});

describe('volatile, ordered', () => {
  test('names are as they were at some moment', () => {
    const { fs, left } = mounted('ordered');
    fs.mkdirSync('/a');
    fs.mkdirSync('/b');
    fs.rmdirSync('/a');
    expect(outcomes(left)).toEqual(new Set(['', '/a/', '/a/ /b/', '/b/']));
  });

  test('bytes are there before the size that they made', () => {
    const { fs, left } = mounted('ordered');
    fs.writeFileSync('/f', 'one');
    expect(outcomes(left)).toEqual(new Set(['', '/f: ', '/f: one']));
  });

  test('fsync of a file keeps every change of names before it', () => {
    const { fs, left } = mounted('ordered');
    fs.writeFileSync('/f', 'one');
    fs.mkdirSync('/d');
    sync(fs, '/f');
    fs.mkdirSync('/e');
    expect(outcomes(left)).toEqual(new Set(['/d/ /f: one', '/d/ /e/ /f: one']));
  });

  test('what was cut off does not come back', () => {
    const { fs, left } = mounted('ordered');
    fs.writeFileSync('/f', 'one');
    fs.writeFileSync('/g', '');
    fs.truncateSync('/f', 0);
    fs.truncateSync('/f', 2);
    sync(fs, '/g');
    expect(outcomes(left)).toEqual(new Set(['/f: \0\0 /g: ']));
  });
});

describe('a crash under a kernel that goes on', () => {
  const crashed = (): { simulation: Simulation; fs: SimulatedFs } => {
    const simulation = createSimulation(volatileOver(ram));
    const fs = simulatedFs(simulation.kernel);
    fs.writeFileSync('/kept', 'one');
    sync(fs, '/kept');
    sync(fs, '/');
    fs.writeFileSync('/lost', 'two');
    return { simulation, fs };
  };
  const crash = ({ filesystem }: Simulation): void =>
    (filesystem as unknown as { crash(d: Decide): void }).crash(nothing);

  test('paths lead to what is left', () => {
    const { simulation, fs } = crashed();
    crash(simulation);
    expect(tree(fs)).toEqual(['/kept: one']);
  });

  // libuv has no name for ESTALE.
  test('what was open is stale', () => {
    const { simulation, fs } = crashed();
    const fd = fs.openSync('/kept', 'r+');
    crash(simulation);
    expect(() => fs.writeSync(fd, 'x')).toThrow('-116');
    fs.closeSync(fd);
    expect(tree(fs)).toEqual(['/kept: one']);
  });
});

test('an unknown promise is refused', () => {
  expect(() => simulate(volatileOver(ram), { filesystem: { promise: 'ext4' } })).toThrow(
    'volatile: expected promise to be posix or ordered, given ext4',
  );
});
