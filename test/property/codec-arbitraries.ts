import fc from 'fast-check';
import {
  type AnsweredName,
  type ErrorReply,
  type Extension,
  type Notification,
  type NotificationName,
  notifications,
  type OpcodeName,
  opcodeNames,
  opcodeRow,
  type Reply,
  type Request,
  type RequestLayout,
  type Struct,
} from '../../src/fuse/index.ts';
import { nameFromBytes, type U64 } from '../../src/vfs/index.ts';

const canonical = (value: bigint): U64 => {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
};

const edges = [0n, 1n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n];
export const u64 = fc
  .oneof(fc.constantFrom(...edges), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.bigInt({ min: 0n, max: 1000n }))
  .map(canonical);
export const s64 = fc
  .oneof(
    fc.constantFrom(0n, -1n, -(2n ** 53n) + 1n, -(2n ** 53n), -(2n ** 63n), 2n ** 63n - 1n, -(2n ** 32n)),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  )
  .map(canonical);
const u32 = fc.oneof(
  fc.constantFrom(0, 1, 0x7fffffff, 0x80000000, 0xffffffff),
  fc.integer({ min: 0, max: 0xffffffff }),
);
const s32 = fc.integer({ min: -0x80000000, max: 0x7fffffff });
const u16 = fc.integer({ min: 0, max: 0xffff });

/** Names out of any bytes but NUL. */
export const name = fc
  .oneof(
    fc.uint8Array({ min: 1, max: 255, maxLength: 40 }),
    fc.uint8Array({ min: 97, max: 122, minLength: 1, maxLength: 8 }),
    fc.uint8Array({ min: 0xc0, max: 0xff, maxLength: 255, minLength: 100 }),
  )
  .map(nameFromBytes);

const data = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 4000, maxLength: 4200 }));

type Layout = Pick<Struct<object>, 'fields'>;

/** Any value of a structure. */
export function structValue<V>(struct: Pick<Struct<V>, 'fields'>): fc.Arbitrary<V> {
  const members: Record<string, fc.Arbitrary<unknown>> = {};
  for (const [key, field] of Object.entries(struct.fields)) {
    if (field === 'u64') members[key] = u64;
    else if (field === 's64') members[key] = s64;
    else if (field === 'u32') members[key] = u32;
    else if (field === 's32') members[key] = s32;
    else if (field === 'u16') members[key] = u16;
    else if (!('pad' in field)) members[key] = structValue(field);
  }
  return fc.record(members, { noNullPrototype: true }) as fc.Arbitrary<V>;
}

const header = fc.record({ unique: u64, nodeid: u64, uid: u32, gid: u32, pid: u32 }, { noNullPrototype: true });

const words = fc.array(u32, { maxLength: 4 });
const extension: fc.Arbitrary<Extension> = fc.oneof(
  fc.record({ type: fc.constant('groups' as const), groups: words }, { noNullPrototype: true }),
  fc.record(
    {
      type: fc.constant('secctx' as const),
      contexts: fc.array(fc.record({ name, context: fc.uint8Array({ maxLength: 20 }) }, { noNullPrototype: true }), {
        maxLength: 3,
      }),
    },
    { noNullPrototype: true },
  ),
  fc.record(
    {
      type: fc.constant('unknown' as const),
      code: fc.integer({ min: 33, max: 0xffffffff }),
      data: words.map((list) => new Uint8Array(new Uint32Array([...list, ...list]).buffer)),
    },
    { noNullPrototype: true },
  ),
);

/** What the body counts is what follows. */
function consistent(layout: RequestLayout, request: Request): Request {
  const { body, data: bytes, items } = request as { body?: object; data?: Uint8Array; items?: object[] };
  let counted = body;
  if (layout.data !== undefined) counted = { ...counted, [layout.data]: bytes?.length };
  if (layout.items !== undefined) counted = { ...counted, count: items?.length };
  return { ...request, ...(counted === undefined ? {} : { body: counted }) } as Request;
}

/** Any request of an opcode. */
export function requestOf(op: OpcodeName): fc.Arbitrary<Request> {
  const { request: layout } = opcodeRow(op);
  const members: Record<string, fc.Arbitrary<unknown>> = { op: fc.constant(op), header };
  if (layout.body !== undefined) members.body = structValue(layout.body);
  for (const key of layout.strings ?? []) members[key] = name;
  if (layout.data !== undefined) members.data = data;
  if (layout.items !== undefined) members.items = fc.array(structValue(layout.items), { maxLength: 5 });
  const plain = fc.record(members, { noNullPrototype: true });
  const extended = fc.record(
    { ...members, extensions: fc.array(extension, { minLength: 1, maxLength: 2 }) },
    { noNullPrototype: true },
  );
  return fc
    .oneof({ weight: 4, arbitrary: plain }, { weight: 1, arbitrary: extended })
    .map((request) => consistent(layout, request as unknown as Request));
}

export const request = fc.constantFrom(...opcodeNames).chain(requestOf);

export const answeredNames = opcodeNames.filter((op) => opcodeRow(op).reply.none !== true) as AnsweredName[];

/** Any reply that an opcode can have. */
export function replyOf(op: AnsweredName): fc.Arbitrary<Reply | ErrorReply> {
  const { reply: layout } = opcodeRow(op);
  const members: Record<string, fc.Arbitrary<unknown>> = { op: fc.constant(op), unique: u64, error: fc.constant(0) };
  if (layout.body !== undefined) members.body = structValue(layout.body);
  if (layout.data === 'text') members.text = name;
  else if (layout.data !== undefined) members.data = data;
  if (layout.entries !== undefined) {
    const dirent: Record<string, fc.Arbitrary<unknown>> = { ino: u64, off: u64, type: u32, name };
    if (layout.entries === 'direntplus')
      dirent.entry_out = structValue(opcodeRow('LOOKUP').reply.body as Struct<object>);
    members.entries = fc.array(fc.record(dirent, { noNullPrototype: true }), { maxLength: 5 });
  }
  const error = fc.record(
    { op: fc.constant('ERROR' as const), unique: u64, error: fc.integer({ min: 1, max: 511 }) },
    { noNullPrototype: true },
  );
  return fc.oneof(
    { weight: 4, arbitrary: fc.record(members, { noNullPrototype: true }) },
    { weight: 1, arbitrary: error },
  ) as fc.Arbitrary<Reply | ErrorReply>;
}

/** Any notification of a kind. */
export function notificationOf(op: NotificationName): fc.Arbitrary<Notification> {
  const row: {
    readonly code: number;
    readonly body?: Layout;
    readonly name?: true;
    readonly data?: true;
    readonly nodes?: true;
  } = notifications[op];
  const members: Record<string, fc.Arbitrary<unknown>> = { op: fc.constant(op) };
  if (row.body !== undefined) members.body = structValue(row.body);
  if (row.name) members.name = name;
  if (row.data) members.data = data;
  if (row.nodes) members.nodes = fc.array(u64, { maxLength: 5 });
  return fc.record(members, { noNullPrototype: true }) as unknown as fc.Arbitrary<Notification>;
}

export const notificationNames = Object.keys(notifications) as NotificationName[];
