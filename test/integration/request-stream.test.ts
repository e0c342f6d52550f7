import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { hostKernel } from '../../src/check/host-kernel/index.ts';
import { parseScript } from '../../src/check/index.ts';
import { ram } from '../../src/filesystems/index.ts';
import { simulate } from '../../src/sim/index.ts';
import type { Kernel } from '../../src/vfs/index.ts';
import { describeMounts, fixture, mountTest as test } from '../support/mount.ts';
import { scripts } from '../support/request-scripts.ts';
import { type RequestStream, readLog, StreamReader } from '../support/request-stream.ts';

const processes = [
  { pid: 1, uid: 0, gid: 0, groups: [] },
  { pid: 2, uid: 1000, gid: 1000, groups: [2000] },
];

/** Runs every script in a directory of its own on one kernel; `taken` gives the messages since it was last called. */
async function run(kernel: Kernel, taken: () => Promise<Uint8Array[]>): Promise<ReadonlyMap<string, RequestStream>> {
  const streams = new Map<string, RequestStream>();
  const reader = new StreamReader();
  for (const process of processes) kernel.spawn(process.pid, process, 0o022);
  await kernel.call(1, { op: 'chmod', path: '/', mode: 0o777 });
  await kernel.call(1, { op: 'stat', path: '/' });
  for (const [i, [name, text]] of Object.entries(scripts).entries()) {
    await kernel.call(1, { op: 'mkdir', path: `/${i}`, mode: 0o777 });
    await kernel.call(1, { op: 'chmod', path: `/${i}`, mode: 0o777 });
    await taken();
    const { steps } = parseScript(text.replaceAll('"/', `"/${i}/`));
    const results: string[] = [];
    for (const { pid, call } of steps) {
      const result = await kernel.call(pid, call);
      results.push(`${call.op}: ${typeof result === 'number' ? result : 'done'}`);
    }
    const { waited, released } = reader.read(await taken());
    streams.set(name, { waited: [...results, ...waited], released });
  }
  return streams;
}

/** Mount options for both; direct I/O, because the simulated kernel has no page cache. */
const options = (timeout: number) => ({
  entryTimeout: timeout,
  attributeTimeout: timeout,
  negativeTimeout: timeout,
  directIo: true,
});

const isSet = (name: string): boolean => readFileSync(`/proc/sys/fs/${name}`, 'utf8').trim() !== '0';

async function simulated(timeout: number): Promise<ReadonlyMap<string, RequestStream>> {
  let messages: Uint8Array[] = [];
  const kernel = simulate(ram, {
    mount: {
      ...options(timeout),
      protectedHardlinks: isSet('protected_hardlinks'),
      protectedSymlinks: isSet('protected_symlinks'),
    },
    filesystem: { reuseNodes: false },
    observe: (fromKernel, message, length) => {
      if (fromKernel) messages.push(message.bytes.slice(0, length));
    },
  });
  try {
    return await run(kernel, async () => {
      const taken = messages;
      messages = [];
      return taken;
    });
  } finally {
    await kernel.close();
  }
}

/** What nobody waits for is on its way when a call returns. */
const QUIET_MILLISECONDS = 20;

async function real(place: string, log: string): Promise<ReadonlyMap<string, RequestStream>> {
  const kernel = hostKernel({ directory: place });
  let start = 0;
  try {
    return await run(kernel, async () => {
      for (let before = -1; ; await sleep(QUIET_MILLISECONDS)) {
        const { messages, end } = readLog(log, start);
        if (end === before) {
          start = end;
          return messages;
        }
        before = end;
      }
    });
  } finally {
    await kernel.close();
  }
}

describeMounts('the simulated kernel sends the requests that the real one sends', () => {
  for (const timeout of [0, 1000]) {
    test(`with timeouts of ${timeout} s`, async ({ place, mounting }) => {
      const logs = mkdtempSync(join(tmpdir(), 'estale-test-'));
      try {
        const log = join(logs, 'requests');
        await mounting(fixture('recording', { log, reuseNodes: false }), {
          allowOther: true,
          ...options(timeout),
        });
        const [expected, actual] = [await real(place, log), await simulated(timeout)];
        for (const [name, stream] of actual) expect.soft(stream, name).toEqual(expected.get(name));
      } finally {
        rmSync(logs, { recursive: true });
      }
    });
  }
});
