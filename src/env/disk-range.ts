import type { Disk } from './environment.ts';

/** Refuses an access that is not whole sectors inside the disk. `bytes` is its length. */
export function checkDiskRange(disk: Pick<Disk, 'sectorSize' | 'sectors'>, sector: number, bytes: number): void {
  const count = bytes / disk.sectorSize;
  if (Number.isInteger(count) && Number.isInteger(sector) && sector >= 0 && sector + count <= disk.sectors) return;
  throw new RangeError(
    `disk: expected whole sectors of ${disk.sectorSize} bytes from 0 to ${disk.sectors - 1}, given ${bytes} bytes at sector ${sector}`,
  );
}
