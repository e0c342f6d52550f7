import type { Disk } from '../../env/index.ts';

/** Bytes of a block: the unit of allocation, of the journal, and of what is cached. */
export const BLOCK_SIZE = 4096;

/** Pointers in a block of a map. */
export const MAP_FAN_OUT = BLOCK_SIZE / 4;

/** A disk in blocks. Only a sector is written whole or not at all: a power cut may leave any part of a block's sectors. */
export class BlockDisk {
  readonly #disk: Disk;
  readonly #sectorsPerBlock: number;
  /** Whole blocks of the disk. */
  readonly blocks: number;

  constructor(disk: Disk) {
    if (BLOCK_SIZE % disk.sectorSize !== 0)
      throw new Error(`journal: expected sectors that divide ${BLOCK_SIZE} bytes, given ${disk.sectorSize}`);
    this.#disk = disk;
    this.#sectorsPerBlock = BLOCK_SIZE / disk.sectorSize;
    this.blocks = Math.floor(disk.sectors / this.#sectorsPerBlock);
  }

  read(block: number, into: Uint8Array = new Uint8Array(BLOCK_SIZE)): Uint8Array {
    this.#disk.read(block * this.#sectorsPerBlock, into);
    return into;
  }

  write(block: number, data: Uint8Array): void {
    this.#disk.write(block * this.#sectorsPerBlock, data);
  }

  /** Writes the first sector of a block alone, which a power cut cannot tear. */
  writeSector(block: number, data: Uint8Array): void {
    this.#disk.write(block * this.#sectorsPerBlock, data.subarray(0, this.#disk.sectorSize));
  }

  /** Everything written is safe when this returns. */
  flush(): void {
    this.#disk.flush();
  }
}

export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
