import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import {
  CURRENT_DIALECT,
  decodeRequest,
  describeRequest,
  encodeRequest,
  Message,
  opcodeNames,
} from '../../../src/fuse/index.ts';

interface Recorded {
  readonly op: string;
  readonly setxattrExt?: boolean;
  readonly hex: string;
}

const fixture = new URL('../../fixtures/fuse-requests-linux-6.18.json', import.meta.url);
const { requests } = JSON.parse(readFileSync(fixture, 'utf8')) as { requests: Recorded[] };

it.each(requests.map((request, i) => [`${request.op} (${i})`, request] as const))(
  '%s of the real kernel is decoded, and encoded to the same bytes',
  (_, { op, hex, setxattrExt = false }) => {
    const dialect = { ...CURRENT_DIALECT, setxattrExt };
    const bytes = Buffer.from(hex, 'hex');
    const message = new Message(bytes.length);
    message.bytes.set(bytes);
    const request = decodeRequest(message, bytes.length, dialect);
    if (request.op === 'MALFORMED') expect.fail(request.problem);
    expect(request.op).toBe(op);
    const again = new Message(8192);
    again.bytes.fill(0xff);
    const length = encodeRequest(again, request, dialect);
    expect(Buffer.from(again.bytes.subarray(0, length)).toString('hex')).toBe(hex);
  },
);

it('covers every opcode that Linux sends a FUSE daemon', () => {
  const recorded = new Set(requests.map(({ op }) => op));
  // DAX mappings are virtiofs', CUSE_INIT is for character devices.
  const others = new Set(['SETUPMAPPING', 'REMOVEMAPPING', 'CUSE_INIT']);
  expect(opcodeNames.filter((op) => !recorded.has(op) && !others.has(op))).toEqual([]);
});

it('reads as a person would tell it', () => {
  const lines = requests.map(({ hex, setxattrExt = false }) => {
    const bytes = Buffer.from(hex, 'hex');
    const message = new Message(bytes.length);
    message.bytes.set(bytes);
    return describeRequest(message, bytes.length, { ...CURRENT_DIALECT, setxattrExt });
  });
  const masked = lines.map((line) => line.replace(/^#\d+ /, '').replace(/ (pid|owner|lock_owner)[= ]\d+/g, ''));
  expect(masked).toContain('LOOKUP node 1 uid 0 gid 0 name="data"');
  expect(masked).toContain('SYMLINK node 1 uid 0 gid 0 name="sym" target="data"');
  expect(masked).toContain('RENAME node 1 uid 0 gid 0 newdir=1 name="hard" newName="hard2"');
  expect(masked).toContainEqual(
    expect.stringMatching(/^SETXATTR node 2 .*flags=CREATE name="user.a" data=5 bytes "value"$/),
  );
  expect(masked).toContainEqual(
    expect.stringMatching(/^CREATE .*extensions=1 \[\{type="groups" groups=1 \[1234\]\}\]$/),
  );
});
