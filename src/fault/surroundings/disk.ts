import type { Disk } from '../../env/index.ts';
import { milliseconds } from '../../sim/duration.ts';
import { errno } from '../../vfs/index.ts';
import { spoil, tearAt } from '../match/corrupt.ts';
import type { FaultEngine, Strike } from '../match/engine.ts';
import { errnoFor } from '../match/errno.ts';
import type { DiskFault } from '../plan/faults.ts';

type Operation = 'disk-read' | 'disk-write' | 'disk-flush';

/** An access on its way to the disk, as faults leave it. */
interface Access {
  readonly operation: Operation;
  sector: number;
  data: Uint8Array;
  /** Nothing reaches the disk. */
  lost: boolean;
  readonly afterwards: (() => void)[];
}

/** A disk whose power can fail. */
interface Volatile {
  crash(keep: (sector: number) => boolean): void;
}

const nothing = new Uint8Array(0);
const noPaths = (): readonly string[] => [];

/** The faults of a plan at a disk. `sleep` lets milliseconds pass while the disk is busy. */
export class FaultyDisk implements Disk {
  readonly sectorSize: number;
  readonly sectors: number;
  readonly #disk: Disk;
  readonly #name: string;
  readonly #engine: FaultEngine;
  readonly #sleep: (ms: number) => void;

  constructor(name: string, disk: Disk, engine: FaultEngine, sleep: (ms: number) => void) {
    this.sectorSize = disk.sectorSize;
    this.sectors = disk.sectors;
    this.#name = name;
    this.#disk = disk;
    this.#engine = engine;
    this.#sleep = sleep;
  }

  /** @throws Errno, and what the disk throws */
  read(sector: number, into: Uint8Array): void {
    const access = this.#begin('disk-read', sector, into);
    this.#disk.read(access.sector, into);
    for (const finish of access.afterwards) finish();
  }

  /** @throws Errno, and what the disk throws */
  write(sector: number, data: Uint8Array): void {
    const access = this.#begin('disk-write', sector, data);
    if (!access.lost && access.data.length > 0) this.#disk.write(access.sector, access.data);
  }

  /** @throws Errno, and what the disk throws */
  flush(): void {
    if (!this.#begin('disk-flush', 0, nothing).lost) this.#disk.flush();
  }

  #begin(operation: Operation, sector: number, data: Uint8Array): Access {
    const access: Access = { operation, sector, data, lost: false, afterwards: [] };
    const event = {
      where: 'disk' as const,
      operation,
      disk: this.#name,
      offset: sector * this.sectorSize,
      length: data.length,
      paths: noPaths,
    };
    for (const strike of this.#engine.strikes(event)) this.#strike(access, strike.rule.what, strike);
    return access;
  }

  #strike(access: Access, fault: DiskFault, strike: Strike): void {
    const { operation } = access;
    switch (fault.kind) {
      case 'errno': {
        const chosen = errnoFor(fault, operation, strike);
        if (chosen === undefined) return;
        strike.injected(chosen.code);
        throw chosen;
      }
      case 'delay': {
        const ms = milliseconds(fault.ms, strike.draw);
        strike.injected(`${ms} ms`);
        this.#sleep(ms);
        return;
      }
      case 'bit-flip':
      case 'range':
      case 'zero-sector': {
        const spoilAll = (): void => {
          const what = spoil(fault, access.data, access.sector * this.sectorSize, strike);
          if (what !== undefined) strike.injected(what);
        };
        if (operation === 'disk-read') access.afterwards.push(spoilAll);
        else {
          access.data = access.data.slice();
          spoilAll();
        }
        return;
      }
      case 'torn': {
        const left = tearAt(access.sector * this.sectorSize, access.data.length, fault.size ?? 512, strike);
        // A disk writes whole sectors.
        const whole = left === undefined ? undefined : Math.floor(left / this.sectorSize) * this.sectorSize;
        if (whole === undefined) return;
        strike.injected(`${whole} of ${access.data.length} bytes arrive`);
        access.data = access.data.subarray(0, whole);
        return;
      }
      case 'misdirect': {
        const moved = access.sector + (fault.by ?? 1);
        if (moved === access.sector || moved < 0 || moved + access.data.length / this.sectorSize > this.sectors) return;
        strike.injected(`to sector ${moved} instead of ${access.sector}`);
        access.sector = moved;
        return;
      }
      case 'lost-write':
      case 'flush-lies':
        strike.injected();
        access.lost = true;
        return;
      case 'power-cut': {
        if (!isVolatile(this.#disk)) return;
        const kept: number[] = [];
        this.#disk.crash((sector) => {
          const keep = strike.draw(`sector ${sector}`) < (fault.keep ?? 0);
          if (keep) kept.push(sector);
          return keep;
        });
        strike.injected(kept.length === 0 ? 'nothing kept' : `kept sectors ${kept.join(', ')}`);
        throw errno.EIO;
      }
    }
  }
}

const isVolatile = (disk: object): disk is Volatile => 'crash' in disk && typeof disk.crash === 'function';
