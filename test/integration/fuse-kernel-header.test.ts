import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as protocol from '../../src/fuse/protocol/index.ts';

/**
 * The system's own <linux/fuse.h> as the judge of layouts and numbers. An older header lacks what came later: that is
 * listed, and the rest is compared.
 */

const HEADER = '/usr/include/linux/fuse.h';
const missing = compilerMissing();
if (missing !== undefined && process.env.CI === 'true')
  throw new Error(`CI needs a C compiler and ${HEADER}: ${missing}`);
if (missing !== undefined) console.warn(`layouts are not compared with the system's header: ${missing}`);

function compilerMissing(): string | undefined {
  if (!existsSync(HEADER)) return `${HEADER} does not exist (Debian: linux-libc-dev)`;
  try {
    execFileSync('cc', ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'there is no cc (Debian: gcc)';
  }
}

/** Padding is left out: later versions cut fields out of it. */
const fieldsOf = ({ fields }: AnyStruct): string[] =>
  Object.keys(fields).filter((key) => typeof fields[key] === 'string' || 'size' in (fields[key] as object));

type AnyStruct = protocol.Struct<object>;

const isStruct = (value: unknown): value is AnyStruct =>
  typeof value === 'object' && value !== null && 'offsets' in value && 'size' in value;

// The header has no structure for two that stand one behind the other.
const notInHeader = new Set(['fuse_create_out']);
const structs = Object.values(protocol)
  .filter(isStruct)
  .filter(({ name }) => !notInHeader.has(name));

// Named after the kernel's own source, not after the header.
const notConstants = new Set(['FUSE_INT_REQ_BIT']);

/** Constants of C, and what this project says they are. */
const constants = new Map<string, number>([
  ...protocol.opcodeNames.map((name): [string, number] => [
    name === 'CUSE_INIT' ? name : `FUSE_${name}`,
    protocol.opcode[name],
  ]),
  ...Object.entries(protocol.notifications).map(([name, { code }]): [string, number] => [`FUSE_NOTIFY_${name}`, code]),
  ...Object.entries(protocol.initFlags).map(([name, bit]): [string, number] => [`FUSE_${name}`, bit]),
  ...Object.entries(protocol.initFlags2).map(([name, bit]): [string, number] => [`FUSE_${name}`, bit * 2 ** 32]),
  ...Object.entries(protocol).filter(
    (entry): entry is [string, number] =>
      typeof entry[1] === 'number' && /^(FUSE|FOPEN|FATTR|CUSE)_/.test(entry[0]) && !notConstants.has(entry[0]),
  ),
]);

/** Runs a C program that includes the header; undefined where it does not compile. */
function run(directory: string, body: string): string | undefined {
  const source = join(directory, 'probe.c');
  const program = join(directory, 'probe');
  writeFileSync(
    source,
    `#include <stddef.h>\n#include <stdio.h>\n#include <linux/fuse.h>\nint main(void) {\n${body}\nreturn 0;\n}\n`,
  );
  try {
    execFileSync('cc', ['-w', '-fmax-errors=0', '-o', program, source], {
      encoding: 'utf8',
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  } catch (error) {
    lastErrors = String((error as { stderr?: string }).stderr);
    return undefined;
  }
  return execFileSync(program, { encoding: 'utf8' });
}

let lastErrors = '';

interface Probe {
  readonly key: string;
  readonly statement: string;
}

const probes: Probe[] = [
  ...structs.flatMap((struct) => [
    { key: `sizeof ${struct.name}`, statement: `printf("%zu\\n", sizeof(struct ${struct.name}));` },
    ...fieldsOf(struct).map((field) => ({
      key: `${struct.name}.${field}`,
      statement: `printf("%zu\\n", offsetof(struct ${struct.name}, ${field}));`,
    })),
  ]),
  ...[...constants.keys()].map((name) => ({
    key: name,
    // The header writes the highest bit as (1 << 31).
    statement: `printf("%llu\\n", (unsigned long long)(sizeof(${name}) == 4 ? (unsigned)(${name}) : (${name})));`,
  })),
];

const expected = new Map<string, number>([
  ...structs.flatMap(({ name, size, offsets }): [string, number][] => [
    [`sizeof ${name}`, size],
    ...Object.entries(offsets).map(([field, at]): [string, number] => [`${name}.${field}`, at]),
  ]),
  ...constants,
]);

describe.skipIf(missing !== undefined)('the system header', () => {
  const known = new Map<string, number>();
  const unknown: string[] = [];
  let directory = '';

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'estale-header-'));
    // What an old header lacks is found by the lines that the compiler complains about.
    const FIRST_LINE = 5;
    run(directory, probes.map(({ statement }) => statement).join('\n'));
    const bad = new Set(
      [...lastErrors.matchAll(/probe\.c:(\d+):\d+: error/g)].map((match) => Number(match[1]) - FIRST_LINE),
    );
    const good = probes.filter((_, i) => !bad.has(i));
    unknown.push(...probes.filter((_, i) => bad.has(i)).map(({ key }) => key));
    const output = run(directory, good.map(({ statement }) => statement).join('\n'));
    if (output === undefined) throw new Error(`the probe does not compile:\n${lastErrors}`);
    for (const [i, line] of output.trim().split('\n').entries()) known.set(good[i].key, Number(line));
    const lacking = unknown.filter(
      (key) => !unknown.includes(`sizeof ${key.split('.')[0]}`) || key.startsWith('sizeof'),
    );
    if (lacking.length > 0) console.warn(`not in ${HEADER}, therefore not compared: ${lacking.join(', ')}`);
  });

  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it('has every structure, field, opcode and flag at the same place, but for what its version lacks', () => {
    const minor = Number(run(directory, 'printf("%d\\n", FUSE_KERNEL_MINOR_VERSION);'));
    expect(minor).toBeGreaterThanOrEqual(31);
    for (const [key, value] of known) {
      if (key === 'FUSE_KERNEL_MINOR_VERSION') expect(minor).toBeLessThanOrEqual(value);
      else expect([key, value]).toEqual([key, expected.get(key)]);
    }
  });

  it('knows most of what is compared', () => {
    expect(known.size).toBeGreaterThan(0.8 * probes.length);
  });
});
