import { mkdtempSync, readFileSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { hostKernel } from '../../src/check/host-kernel/index.ts';
import {
  check,
  daemonTarget,
  type Failure,
  type Finding,
  parseScript,
  type ReusingTarget,
  replay,
  reusingTarget,
  showFinding,
} from '../../src/check/index.ts';
import { mountedFor, passthroughLl, ramLl, whyNoDaemons } from '../support/daemons.ts';
import { describeMounts } from '../support/mount.ts';

interface Example {
  readonly title: string;
  readonly script: string;
  readonly expected: string;
  readonly actual: string;
}

interface Section {
  readonly daemon: string;
  readonly command: string;
  readonly setup: string | undefined;
  readonly examples: readonly Example[];
}

const text = readFileSync(new URL('../../docs/daemons.md', import.meta.url), 'utf8');
const sections: readonly Section[] = text
  .split(/^## Found in /m)
  .slice(1)
  .map((body) => {
    const daemon = body.slice(0, body.indexOf('\n'));
    const [, command, , setup] = /--daemon '([^']*)'( \\\n *--daemon-setup '([^']*)')?/.exec(body) as RegExpExecArray;
    const examples = [...body.matchAll(/^### (.*)\n[\s\S]*?```\n([\s\S]*?)\n *expected: (.*)\n *actual: +(.*)\n```/gm)];
    return {
      daemon,
      command,
      setup,
      examples: examples.map(([, title, script, expected, actual]) => ({ title, script, expected, actual })),
    };
  });

/** Numbers that are others each time: inode numbers, times, names of hidden files. */
const masked = (said: string): string => said.replace(/\.fuse_hidden\w+/, '.fuse_hidden').replace(/\d{6,}[.\d]*/g, 'N');
const told = (failure: Failure | undefined) =>
  failure && { expected: masked(failure.divergence.expected), actual: masked(failure.divergence.actual) };
const programs = new Map<string, string>();
function filled(command: string): string {
  return command.replace(/^\.\/(passthrough_ll|ram_ll)/, (_, name) => {
    const program = programs.get(name) ?? (name === 'ram_ll' ? ramLl() : passthroughLl());
    programs.set(name, program);
    return program;
  });
}

/** A working directory in which there is nothing. */
const directory = mkdtempSync(join(tmpdir(), 'estale-test-'));
afterAll(() => rmdirSync(directory));

const why = whyNoDaemons();
if (why !== undefined && process.env.CI !== 'true') console.log(`skipped: daemons of Debian: ${why}`);
const skip = why !== undefined && process.env.CI !== 'true';

test('the document has findings of each daemon', () => {
  const counts = sections.map(({ daemon, examples }) => [daemon, examples.length > 2]);
  expect(counts).toEqual(['passthrough_ll', 'fuse-overlayfs', 'gocryptfs', 'bindfs'].map((name) => [name, true]));
});

describe.skipIf(skip).each(sections)('what is written of $daemon', ({ command, setup, examples }) => {
  test.each(examples)('shows in the simulated kernel: $title', async ({ script, expected, actual }) => {
    const target = daemonTarget(filled(command), { setup, directory });
    try {
      const { failure } = await replay(target, parseScript(script));
      expect(told(failure)).toEqual({ expected: masked(expected), actual: masked(actual) });
    } finally {
      await target.close();
    }
  });
});

/** Real system calls on a mount of the daemon, made by itself. */
async function onRealMount(
  command: string,
  setup: string | undefined,
  use: (target: ReusingTarget) => Promise<void>,
): Promise<void> {
  await mountedFor(command, setup, async (mount) => {
    const target = reusingTarget(hostKernel({ directory: mount }), { name: mount });
    try {
      await use(target);
    } finally {
      try {
        await target.close();
      } catch {
        // What a filesystem refuses to remove goes with what is behind it.
      }
    }
  });
}

/** What a campaign leaves out here: mappings and handles, which are tried elsewhere, and what write-back shows of holes and refused calls. */
const pagewise = ['mmap', 'mmap-shared', 'handles', 'seek-hole', 'fallocate', 'punch-hole'];

/**
 * With write-back the kernel stamps a file, and the daemon's filesystem when it is written. The second shows when the kernel has
 * forgotten the first: on a real mount, too, unless both are of one tick of the clock.
 */
const isOfTicks = (signature: string, { steps }: Finding['program']): boolean =>
  /: ctime (changed|not updated)$/.test(signature) && steps.some(({ call }) => call.op === 'drop_caches');

if (!skip)
  describeMounts('by plain system calls on a real mount', () => {
    describe.each(sections)('what is written of $daemon', ({ command, setup, examples }) => {
      test.each(examples)('is so: $title', async ({ script, expected, actual }) => {
        await onRealMount(filled(command), setup, async (mounted) => {
          const { failure } = await replay(mounted, parseScript(script));
          expect(told(failure)).toEqual({ expected: masked(expected), actual: masked(actual) });
        });
      });

      test('and whatever else is found', { timeout: 300_000 }, async () => {
        const target = daemonTarget(filled(command), {
          setup,
          directory,
          restart: 'needed',
          mount: {},
          without: pagewise,
        });
        const { findings, calls } = await check(target, { seed: 7, runs: 120, shrinkRuns: 150 });
        await target.close();
        expect(calls).toBeGreaterThan(2000);
        const otherwise: string[] = [];
        for (const finding of findings.filter(({ signature, program }) => !isOfTicks(signature, program)))
          await onRealMount(filled(command), setup, async (mounted) => {
            const { failure } = await replay(mounted, finding.program);
            if (failure === undefined) otherwise.push(showFinding(finding));
          });
        expect(otherwise).toEqual([]);
      });
    });
  });

describe.skipIf(skip)('nothing else is found', () => {
  test('in a libfuse 3 low-level server on a directory, by root', async () => {
    const target = daemonTarget(`${passthroughLl()} -f -o source={backing} {fuse}`, {
      directory,
      restart: 'needed',
      without: ['ownership', 'tmpfile', 'rename-flags', 'xattrs', 'fallocate', 'punch-hole', 'handles', 'mmap'],
    });
    try {
      const { findings, calls } = await check(target, { seed: 5, runs: 400 });
      expect(findings.map(showFinding)).toEqual([]);
      expect(calls).toBeGreaterThan(10_000);
    } finally {
      await target.close();
    }
  });

  test('in a libfuse 3 low-level server in memory', async () => {
    const target = daemonTarget(`${ramLl()} -f {fuse}`, {
      directory,
      fileSizeLimit: 2 ** 24,
      without: [
        ...['ownership', 'times', 'renames', 'links', 'symlinks', 'special', 'tmpfile', 'rename-flags', 'xattrs'],
        ...['fallocate', 'punch-hole', 'handles', 'mmap', 'mmap-shared'],
      ],
    });
    try {
      const { findings, calls } = await check(target, { seed: 6, runs: 200 });
      expect(findings.map(showFinding)).toEqual([]);
      expect(calls).toBeGreaterThan(3000);
    } finally {
      await target.close();
    }
  });
});
