import { describe, expect, test } from 'vitest';
import {
  type CrashFinding,
  checkCrashes,
  crashFromText,
  crashToText,
  diskSubject,
  replayCrashes,
  type SweepReport,
  showCrashFinding,
  sweepCrashes,
  usesDisks,
  volatileSubject,
} from '../../../src/check/index.ts';
import { ram } from '../../../src/filesystems/index.ts';
import type { CrashPromise } from '../../../src/vfs/index.ts';
import { type ImageBug, imageFileSystem } from '../../support/image-filesystem.ts';

const promises: readonly CrashPromise[] = ['posix', 'ordered'];

const sweepImages = (bug: ImageBug | undefined, promise: CrashPromise = 'posix'): Promise<SweepReport> =>
  sweepCrashes(diskSubject('images', imageFileSystem(bug), { promise }), { length: 1 });

const promisesOf = ({ findings }: { findings: readonly CrashFinding[] }): string[] =>
  findings.map(({ violation }) => violation.promise);

describe('a sweep of programs of length 1', () => {
  test.each(promises)('finds nothing in a volatile ram, %s', async (promise) => {
    const report = await sweepCrashes(volatileSubject('volatile:ram', ram, { promise }), { length: 1 });
    expect(report).toMatchObject({ findings: [], complete: true, sampled: 0, diverged: 0 });
    expect(report.outcomes).toBeGreaterThan(report.points);
  });

  test.each(promises)('finds nothing in a filesystem that syncs whole images, %s', async (promise) => {
    expect(await sweepImages(undefined, promise)).toMatchObject({ findings: [], complete: true });
  });

  test('says where not every outcome was looked at', async () => {
    const subject = diskSubject('images', imageFileSystem());
    const report = await sweepCrashes(subject, { length: 1, outcomes: 1 });
    expect(report.sampled).toBeGreaterThan(0);
  });

  test.each<[ImageBug, string]>([
    ['no barrier', 'the filesystem can be read after a crash'],
    ['in place', 'the filesystem can be read after a crash'],
    ['directories forgotten', 'names that were synced are kept'],
    ['off by one', 'the size that was synced is kept'],
  ])('finds: %s', async (bug, promise) => {
    expect(promisesOf(await sweepImages(bug))).toContain(promise);
  });

  test('finds: no flush', async () => {
    expect((await sweepImages('no flush')).findings).not.toEqual([]);
  });
});

test('a finding names the calls, the crash, and the promise with what broke it', async () => {
  const { findings } = await sweepImages('directories forgotten');
  const found = findings.find(({ violation }) => violation.promise === 'names that were synced are kept');
  expect(found && showCrashFinding(found)).toBe(
    [
      'names that were synced are kept: broken',
      'p1: uid 0, gid 0, umask 022',
      '1  p1  symlink("f", "/n")',
      '2  p1  fd3 = open("/", O_RDONLY, 0644)',
      '3  p1  fsync(fd3)',
      '       !! then the power fails',
      '=> "/n" was there (safe since call 3), and nothing has removed it; after the crash it is gone',
    ].join('\n'),
  );
});

describe('generated programs', () => {
  test.each(promises)('find nothing in a volatile ram, %s', async (promise) => {
    const subject = volatileSubject('volatile:ram', ram, { promise });
    expect(await checkCrashes(subject, { seed: 1, runs: 40 })).toMatchObject({ findings: [], diverged: 0, runs: 40 });
  });

  test('find what a filesystem forgets, and the file of it replays', async () => {
    const subject = diskSubject('images', imageFileSystem('directories forgotten'));
    const { findings } = await checkCrashes(subject, { seed: 3, runs: 100, findings: 1 });
    expect(findings).toHaveLength(1);
    const [finding] = findings;
    const text = crashToText({ ...finding, target: 'images', promise: 'posix' });
    expect(await replayCrashes(subject, crashFromText(text))).toMatchObject({ violation: finding.violation });
    expect(await replayCrashes(diskSubject('images', imageFileSystem()), crashFromText(text))).toBeUndefined();
  });
});

test('which filesystems use disks', () => {
  expect([usesDisks(ram), usesDisks(imageFileSystem())]).toEqual([false, true]);
});

test('a file of another format is refused', () => {
  expect(() => crashFromText('{"format":"estale counterexample"}')).toThrow(
    'file.format: expected "estale crash counterexample"',
  );
});
