/** Ranges that are remembered. */
const MOST = 1024;

/** What was read last of each range of each file. */
export class ReadMemory {
  readonly #reads = new Map<string, Uint8Array>();

  remember(node: number, offset: number, data: Uint8Array): void {
    const key = `${node}:${offset}`;
    this.#reads.delete(key);
    this.#reads.set(key, data.slice());
    for (const oldest of this.#reads.keys()) {
      if (this.#reads.size <= MOST) break;
      this.#reads.delete(oldest);
    }
  }

  /** What was read there before, if it is something else than `data`; as long as `most` bytes. */
  before(node: number, offset: number, data: Uint8Array, most: number): Uint8Array | undefined {
    const known = this.#reads.get(`${node}:${offset}`)?.subarray(0, most);
    const same = known?.length === data.length && known.every((byte, i) => byte === data[i]);
    return same ? undefined : known;
  }
}
