import { O_CREAT, O_RDWR, type SysResult } from '../../vfs/index.ts';
import { OBSERVER } from '../program.ts';
import type { Settings } from '../target.ts';
import type { DiskRun } from './run.ts';

const SECTOR = 512;

/** Bytes of the smallest disk, as far as halving tells, on which a filesystem comes up and keeps a directory and a file. */
export function smallestDisk(start: (settings?: Settings) => DiskRun): number {
  const asked = start();
  let enough = Math.ceil(asked.diskSize / SECTOR);
  void asked.kernel.close();
  let tooSmall = 0;
  while (enough - tooSmall > 1) {
    const sectors = Math.floor((enough + tooSmall) / 2);
    if (isUsable(start, sectors * SECTOR)) enough = sectors;
    else tooSmall = sectors;
  }
  return enough * SECTOR;
}

function isUsable(start: (settings?: Settings) => DiskRun, diskSize: number): boolean {
  try {
    const run = start({ diskSize });
    const { pid } = OBSERVER;
    const results: readonly (SysResult | Promise<SysResult>)[] = [
      run.kernel.call(pid, { op: 'mkdir', path: '/d', mode: 0o755 }),
      run.kernel.call(pid, { op: 'open', path: '/d/f', flags: O_CREAT | O_RDWR, mode: 0o644, into: 3 }),
      run.kernel.call(pid, { op: 'write', fd: 3, data: { seed: 1, length: 6000 } }),
      run.kernel.call(pid, { op: 'fsync', fd: 3 }),
    ];
    const back = run.survivors(() => 0).start();
    const stat = back.kernel.call(pid, { op: 'lstat', path: '/d/f' });
    void run.kernel.close();
    void back.kernel.close();
    return [0, 3, 6000, 0].every((expected, i) => results[i] === expected) && typeof stat === 'object';
  } catch {
    // It does not come up: the disk is too small for it.
    return false;
  }
}
