import { closeSync, fdatasyncSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { checkDiskRange } from '../disk-range.ts';
import type { Disk } from '../environment.ts';

const SECTOR = 512;

/** A disk in a file, which is made with `size` bytes if there is none. Its write cache is the host's page cache. */
export function fileDisk(path: string, size: number): Disk & { close(): void } {
  const fd = openOrCreate(path, size);
  const disk = { sectorSize: SECTOR, sectors: Math.floor(fstatSync(fd).size / SECTOR) };
  return {
    ...disk,
    read(sector, into) {
      checkDiskRange(disk, sector, into.length);
      for (let done = 0; done < into.length; ) {
        const count = readSync(fd, into, done, into.length - done, sector * SECTOR + done);
        if (count === 0) throw new Error(`disk ${path}: expected ${disk.sectors} sectors, the file was cut`);
        done += count;
      }
    },
    write(sector, data) {
      checkDiskRange(disk, sector, data.length);
      for (let done = 0; done < data.length; )
        done += writeSync(fd, data, done, data.length - done, sector * SECTOR + done);
    },
    flush: () => fdatasyncSync(fd),
    close: () => closeSync(fd),
  };
}

function openOrCreate(path: string, size: number): number {
  try {
    const fd = openSync(path, 'wx+', 0o600);
    ftruncateSync(fd, Math.ceil(size / SECTOR) * SECTOR);
    return fd;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return openSync(path, 'r+');
    throw error;
  }
}
