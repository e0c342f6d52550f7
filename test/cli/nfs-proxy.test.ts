import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli, startCli } from '../support/cli.ts';
import { directoryTest } from '../support/work-directory.ts';

describe('estale nfs proxy', () => {
  it.each([
    [['nfs', 'prxy'], 'nfs: no command "prxy" (did you mean "proxy"?)'],
    [['nfs', 'proxy'], 'expected --listen PORT and --to HOST:PORT'],
    [['nfs', 'proxy', '--listen', '0', '--to', 'server'], '--to: expected HOST:PORT, given "server"'],
    [['nfs', 'proxy', '--listen', 'x', '--to', 'a:1'], '--listen: expected a whole number from 0 to 65535, given "x"'],
    [['nfs', 'proxy', '--listen', '0', '--to', 'a:1', '--faults', 'no.yaml'], 'fault plan no.yaml: no such file'],
  ])('%j is a usage error', async (args, message) => {
    const { code, stderr } = await runCli(args);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });

  directoryTest.for(['SIGTERM', 'SIGINT'] as const)(
    'reads its plan again at SIGUSR2, and tells at %s what each rule came to',
    async (signal, { directory }) => {
      const plan = join(directory, 'plan.yaml');
      writeFileSync(plan, 'rules: [{ name: a, where: rpc-call, what: { kind: drop } }]');
      const proxy = startCli(['nfs', 'proxy', '--listen', '0', '--to', '127.0.0.1:1', '--faults', plan]);
      await expect.poll(proxy.output, { timeout: 30_000 }).toMatch(/relaying 127\.0\.0\.1:\d+ to 127\.0\.0\.1:1;/);
      writeFileSync(plan, 'rules: [{ name: b, where: rpc-reply, what: { kind: drop } }]');
      proxy.child.kill('SIGUSR2');
      await expect.poll(proxy.output, { timeout: 30_000 }).toContain('is in force');
      proxy.child.kill(signal);
      const { code, stdout, stderr } = await proxy.ended;
      expect([code, stderr, stdout]).toEqual([0, '', expect.stringContaining('rule "b": armed, never fired')]);
    },
  );

  directoryTest('refuses rules for other places', async ({ directory }) => {
    const plan = join(directory, 'plan.yaml');
    writeFileSync(plan, 'rules: [{ name: a, where: filesystem, what: { kind: errno, errno: EIO } }]');
    const { code, stderr } = await runCli(['nfs', 'proxy', '--listen', '0', '--to', 'a:1', '--faults', plan]);
    expect([code, stderr]).toEqual([2, expect.stringContaining('use the place "rpc-call" or "rpc-reply"')]);
  });
});
