import { describe, expect, it } from 'vitest';
import { runCli } from '../support/cli.ts';

describe('estale serve', () => {
  it.each([
    [['serve', 'nfs'], 'expected nfs and a filesystem, given nfs'],
    [['serve', 'nfs', 'rma'], 'unknown filesystem "rma" (did you mean "ram"?)'],
    [['serve', 'nfs', 'ram', '--port', 'x'], '--port: expected a whole number from 0 to 65535, given "x"'],
    [['serve', 'nfs', 'ram', '--export', '/e *(rx)'], 'unknown option "rx"'],
    [['serve', 'nfs', 'ram', '--habit', 'handles=pth'], 'habit handles: unknown "pth" (did you mean "path"?)'],
    [['serve', 'nfs', 'ram', '--habit', 'sync=lies:3'], 'habit sync=lies: expected no number behind it, given 3'],
  ])('%j is a usage error', async (args, message) => {
    const { code, stderr } = await runCli(args);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });
});
