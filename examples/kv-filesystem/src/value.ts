/** The bytes that are kept for a key: a buffer that doubles when it is full, of which the first `length` bytes count. */
export class Value {
  protected bytes = new Uint8Array(64);
  length = 0;

  /** Fills `into` from byte `offset` on; gives the number of bytes, fewer at the end. */
  read(into: Uint8Array, offset: number): number {
    const part = this.bytes.subarray(Math.min(offset, this.length), Math.min(offset + into.length, this.length));
    into.set(part);
    return part.length;
  }

  write(data: Uint8Array, offset: number): void {
    const end = offset + data.length;
    if (end > this.length) this.resize(end);
    this.bytes.set(data, offset);
  }

  resize(length: number): void {
    if (length > this.bytes.length) {
      const larger = new Uint8Array(2 ** Math.ceil(Math.log2(length)));
      larger.set(this.bytes.subarray(0, this.length));
      this.bytes = larger;
    }
    this.length = length;
  }
}

/** As `Value`, and what is cut off is gone: it must not show again when the value grows. */
export class ClearedValue extends Value {
  override resize(length: number): void {
    if (length < this.length) this.bytes.fill(0, length, this.length);
    super.resize(length);
  }
}
