import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { checkPlan } from '../../src/fault/index.ts';
import { isPinned } from '../../src/fidelity/index.ts';
import { MAP_SHARED, O_APPEND, O_CREAT, O_RDWR, PROT_READ, PROT_WRITE } from '../../src/vfs/index.ts';
import { faulty } from '../fault/faulty.ts';
import { describeMounts, mountTest, ram } from '../support/mount.ts';

const source = fileURLToPath(new URL('../support/append-beside-writeback.c', import.meta.url));

/** Writes take so many milliseconds. */
const slowWrites = (ms: number) =>
  ({ where: 'filesystem', when: { operation: 'WRITE' }, what: { kind: 'delay', ms } }) as const;

/** What a program that writes "c" behind "b", and then "d" over "b", finds: "d", and nothing behind it. */
const lost = [0x64, 0];

const test = mountTest.extend<{ program: string }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads which fixtures are used from the pattern
  program: async ({}, use) => {
    const directory = mkdtempSync(join(tmpdir(), 'estale-c-'));
    const program = join(directory, 'program');
    execFileSync('cc', ['-O1', '-pthread', '-o', program, source]);
    await use(program);
    rmSync(directory, { recursive: true });
  },
});

// iomap_writeback_handle_eof clears what is behind the file's old end in the page, and fuse_fill_write_pages has unlocked it.
describeMounts('a write that makes a file longer, while a page of it is written back, is lost', () => {
  test('by Linux 6.18', async ({ place, mounting, program }) => {
    await mounting(ram, { faults: checkPlan({ rules: [{ name: 'slow', ...slowWrites(1500) }] }) });
    const run = spawn(program, [join(place, 'a')], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    run.stdout.on('data', (text) => (output += text));
    expect(await new Promise((resolve) => run.once('close', resolve))).toBe(0);
    const kept = '64 63 ';
    const expected = lost.map((byte) => `${byte.toString(16).padStart(2, '0')} `).join('');
    expect(isPinned(release()) ? [expected] : [expected, kept]).toContain(output);
  });

  test('and by the simulated kernel, whose flusher comes after 30 s', () => {
    const sim = faulty([slowWrites(40_000)]);
    sim.call({ op: 'open', path: '/a', flags: O_RDWR | O_CREAT | O_APPEND, mode: 0o644 });
    sim.call({ op: 'write', fd: 3, data: Buffer.from('a') });
    sim.call({ op: 'mmap', fd: 3, offset: 0, size: 1, protection: PROT_READ | PROT_WRITE, flags: MAP_SHARED, into: 0 });
    sim.call({ op: 'store', map: 0, offset: 0, data: Buffer.from('b') });
    expect(sim.call({ op: 'write', fd: 3, data: Buffer.from('c') })).toBe(1);
    sim.call({ op: 'store', map: 0, offset: 0, data: Buffer.from('d') });
    expect(sim.call({ op: 'fsync', fd: 3 })).toBe(0);
    expect(sim.kernel.call(1, { op: 'pread', fd: 3, size: 4, offset: 0 })).toEqual(new Uint8Array(lost));
  });
});
