import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const preload = new URL('../support/no-native.js', import.meta.url).href;

/** Runs Node without native addons, believing that it is on another platform. */
function node(platform: string, ...args: readonly string[]) {
  return spawnSync(process.execPath, ['--import', preload, ...args], {
    encoding: 'utf8',
    env: { ...process.env, PLATFORM: platform },
    timeout: 60_000,
  });
}

const estale = (platform: string, ...args: readonly string[]) => node(platform, path('../../bin/estale.js'), ...args);

describe.each(['linux', 'darwin', 'win32'])('native parts load only when asked for, on %s', (platform) => {
  test('not by the library', () => {
    const library = new URL('../../dist/index.js', import.meta.url).href;
    const { status, stderr } = node(platform, '--input-type=module', '-e', `await import(${JSON.stringify(library)})`);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  test.each(['ram', 'loopback:memfs'])('not by a check of %s', (target) => {
    const { status, stdout, stderr } = estale(platform, 'check', target, '--runs', '5', '--seed', '1');
    expect({ status: status === 2 ? stderr : 'checked', stdout }).toEqual({
      status: 'checked',
      stdout: expect.stringContaining('5 programs'),
    });
  });
});

test.each(['device', 'libfuse'])('a mount through channel %s elsewhere says that it needs Linux', (channel) => {
  const { status, stderr } = estale('darwin', 'mount', 'ram', tmpdir(), '--channel', channel);
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: 'estale: mounting needs Linux, this is darwin; the simulator and the checks work here (estale check)\n',
  });
});
