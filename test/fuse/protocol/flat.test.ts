import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  encodeRequest,
  fuse_attr,
  fuse_attr_out,
  fuse_entry_out,
  fuse_out_header,
  Message,
  readAttributes,
  writeAttributes,
  writeAttrOut,
  writeEntryOut,
  writeGetattr,
  writeInHeader,
  writeOutHeader,
} from '../../../src/fuse/index.ts';
import type { Attributes } from '../../../src/vfs/index.ts';
import { u64 } from '../../property/codec-arbitraries.ts';

const u32 = fc.integer({ min: 0, max: 0xffffffff });
const count = fc.maxSafeNat();
const time = fc.record({ sec: fc.maxSafeInteger(), nsec: fc.nat({ max: 999_999_999 }) }, { noNullPrototype: true });
const attributes: fc.Arbitrary<Attributes> = fc.record(
  {
    ino: u64,
    mode: u32,
    nlink: u32,
    uid: u32,
    gid: u32,
    rdev: u32,
    size: count,
    blocks: count,
    blksize: u32,
    atime: time,
    mtime: time,
    ctime: time,
  },
  { noNullPrototype: true },
);

function tableAttr({ atime, mtime, ctime, ...rest }: Attributes) {
  return {
    ...rest,
    atime: atime.sec,
    mtime: mtime.sec,
    ctime: ctime.sec,
    atimensec: atime.nsec,
    mtimensec: mtime.nsec,
    ctimensec: ctime.nsec,
    flags: 0,
  };
}

const dirty = (): Message => {
  const message = new Message(256);
  message.bytes.fill(0xff);
  return message;
};

it('attributes are written and read as the table does it', () => {
  fc.assert(
    fc.property(attributes, (value) => {
      const flat = dirty();
      const table = dirty();
      writeAttributes(flat, 16, value);
      fuse_attr.write(table, 16, tableAttr(value));
      expect(flat.bytes).toEqual(table.bytes);
      expect(readAttributes(flat, 16)).toEqual(value);
    }),
  );
});

it('an entry and an answer to GETATTR are written as the table does it', () => {
  fc.assert(
    fc.property(attributes, fc.maxSafeNat(), u64, (value, nodeid, generation) => {
      const flat = dirty();
      const table = dirty();
      writeEntryOut(flat, 16, nodeid, generation, value, 1.5, 0.25);
      fuse_entry_out.write(table, 16, {
        nodeid,
        generation,
        entry_valid: 1,
        entry_valid_nsec: 500_000_000,
        attr_valid: 0,
        attr_valid_nsec: 250_000_000,
        attr: tableAttr(value),
      });
      expect(flat.bytes).toEqual(table.bytes);
      writeAttrOut(flat, 16, value, 3);
      fuse_attr_out.write(table, 16, { attr_valid: 3, attr_valid_nsec: 0, attr: tableAttr(value) });
      expect(flat.bytes).toEqual(table.bytes);
    }),
  );
});

it('headers are written as the table does it', () => {
  fc.assert(
    fc.property(
      u64,
      u64,
      u32,
      u32,
      u32,
      u64,
      fc.integer({ min: 0, max: 511 }),
      (unique, nodeid, uid, gid, pid, fh, error) => {
        const header = { unique, nodeid, uid, gid, pid };
        const flat = dirty();
        const table = dirty();
        const body = { getattr_flags: 1, fh };
        expect(writeGetattr(flat, unique, nodeid, fh, uid, gid, pid)).toBe(
          encodeRequest(table, { op: 'GETATTR', header, body }),
        );
        expect(flat.bytes).toEqual(table.bytes);
        writeInHeader(flat, 40, 17, unique, nodeid, uid, gid, pid);
        encodeRequest(table, { op: 'STATFS', header });
        expect(flat.bytes).toEqual(table.bytes);
        writeOutHeader(flat, 16, error, unique);
        fuse_out_header.write(table, 0, { len: 16, error: error === 0 ? 0 : -error, unique });
        expect(flat.bytes).toEqual(table.bytes);
      },
    ),
  );
});

it('an infinite timeout is the longest that the kernel understands', () => {
  const message = dirty();
  const zero = { sec: 0, nsec: 0 };
  const value = { ino: 1, mode: 0, nlink: 0, uid: 0, gid: 0, rdev: 0, size: 0, blocks: 0, blksize: 0 };
  writeAttrOut(message, 16, { ...value, atime: zero, mtime: zero, ctime: zero }, Number.POSITIVE_INFINITY);
  expect(fuse_attr_out.read(message, 16).attr_valid).toBe(Number.MAX_SAFE_INTEGER);
});
