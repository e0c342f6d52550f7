import { expect, test } from 'vitest';
import {
  builtInCrashSubjects,
  type CrashFinding,
  checkCrashes,
  diskSubject,
  replayCrashes,
} from '../../../src/check/index.ts';
import { snapshot } from '../../../src/check/snapshot.ts';
import { journal, ram } from '../../../src/filesystems/index.ts';
import { simulate } from '../../../src/sim/index.ts';
import { O_RDONLY } from '../../../src/vfs/index.ts';
import { journal as journalBugs } from '../../../src/zoo/bugs/journal.ts';
import { imageFileSystem } from '../../support/image-filesystem.ts';
import { patchedJournal } from '../../support/patched-journal.ts';

const root = { uid: 0, gid: 0, groups: [], umask: 0o022 };

test('the smallest disk of a filesystem is one that it can use, and much smaller than what it asks for', () => {
  const subject = diskSubject('journal', journal);
  const smallest = subject.smallest?.() ?? 0;
  expect(smallest).toBeGreaterThan(0);
  expect(smallest).toBeLessThan(1 << 20);
  const { kernel } = subject.start({ diskSize: smallest });
  expect(kernel.call(90, { op: 'mkdir', path: '/d', mode: 0o755 })).toBe(0);
  void kernel.close();
});

test('generated programs find nothing in the journal, on disks that are soon full', async () => {
  const report = await checkCrashes(builtInCrashSubjects.journal(), { seed: 7, runs: 30 });
  expect(report).toMatchObject({ findings: [], diverged: 0, runs: 30 });
});

test('a file without a name that stays on the disk is found: everything is removed, and space is missing', async () => {
  const bug = journalBugs.find(({ name }) => name === 'journal-orphan-not-reclaimed');
  const factory = await patchedJournal(bug === undefined ? [] : [bug]);
  const { findings } = await checkCrashes(diskSubject('journal', factory), { seed: 1, runs: 200, findings: 1 });
  expect(findings.map(({ violation }) => violation.promise)).toEqual(['what nobody can reach takes no space']);
});

test('a finding on the tree of the sweep is run again on that tree', async () => {
  const call = (call: CrashFinding['stages'][number]['program']['steps'][number]['call']) => ({ pid: 1, call });
  const program = {
    version: 1 as const,
    processes: [{ pid: 1, ...root }],
    steps: [
      call({ op: 'unlink', path: '/f' }),
      call({ op: 'open', path: '/', flags: O_RDONLY, mode: 0, into: 3 }),
      call({ op: 'fsync', fd: 3 }),
    ],
  };
  const violation = { promise: 'names whose removal was synced are gone', text: '' };
  const finding = { stages: [{ program, cut: 0, decided: [], step: undefined }], violation, seed: 0, run: 0 };
  const subject = diskSubject('images', imageFileSystem('directories forgotten'));
  expect(await replayCrashes(subject, finding)).toBeUndefined();
  expect(await replayCrashes(subject, { ...finding, prepared: true })).toMatchObject({
    violation: { promise: violation.promise },
    prepared: true,
  });
});

test('a tree that is read has the extended attributes of symbolic links', async () => {
  const kernel = simulate(ram, { traceHash: false });
  kernel.spawn(90, root);
  void kernel.call(90, { op: 'symlink', target: 'a', path: '/s' });
  void kernel.call(90, { op: 'lsetxattr', path: '/s', name: 'trusted.a', value: new Uint8Array([1]), flags: 0 });
  const tree = await snapshot(kernel, new Set());
  expect(tree.entries?.get('s')?.xattrs).toEqual(new Map([['trusted.a', new Uint8Array([1])]]));
  void kernel.close();
});
