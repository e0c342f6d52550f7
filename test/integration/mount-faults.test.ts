import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, vi } from 'vitest';
import { checkPlan, type InjectedFault, type Rule } from '../../src/fault/index.ts';
import { deferred } from '../../src/fuse/device/deferred.ts';
import { controlSocketPath } from '../../src/mount/faults/control-socket.ts';
import { mountAt } from '../../src/mount/mount-table.ts';
import { type CliProcess, runCli, startCli } from '../support/cli.ts';
import { describeMounts, fixture, mountTest, ram } from '../support/mount.ts';

const planOf = (...rules: readonly (Omit<Rule, 'name'> & { readonly name?: string })[]) =>
  checkPlan({ switches: { dying: false }, rules: rules.map((rule, i) => ({ name: `${i + 1}`, ...rule })) });

/** What a program says, without waiting for ever. */
const tried = (command: string, ...args: string[]) => {
  const { status, signal, stderr } = spawnSync(command, args, { encoding: 'utf8', timeout: 20_000 });
  return { status: signal ?? status, stderr };
};

/** Waits until the faults that were told are enough. */
function faultWatch() {
  const seen: InjectedFault[] = [];
  let enough = deferred<void>();
  let wanted = 0;
  return {
    seen,
    onFault(fault: InjectedFault) {
      seen.push(fault);
      if (seen.length >= wanted) enough.resolve();
    },
    async count(n: number) {
      if (seen.length >= n) return;
      wanted = n;
      enough = deferred();
      await enough.promise;
    },
  };
}

const test = mountTest.extend<{ backing: string }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads which fixtures are used from the pattern
  backing: async ({}, use) => {
    const backing = mkdtempSync(join(tmpdir(), 'estale-backing-'));
    await use(backing);
    rmSync(backing, { recursive: true });
  },
});

const direct = { directIo: true, attributeTimeout: 0, entryTimeout: 0 } as const;

describeMounts('faults on a real mount', () => {
  test('a filesystem that is served by a blocking loop: the plan changes while it is mounted', async ({
    place,
    mounting,
  }) => {
    const watch = faultWatch();
    const faults = planOf({
      name: 'full',
      where: 'filesystem',
      when: { operation: 'WRITE', path: '/*.big' },
      what: { kind: 'errno', errno: 'ENOSPC' },
    });
    const mounted = await mounting(ram, { ...direct, faults, onFault: watch.onFault });
    const write = () => writeFileSync(join(place, 'a.big'), 'x');
    expect(write).toThrow('ENOSPC');
    writeFileSync(join(place, 'small'), 'x');
    await watch.count(1);
    expect(watch.seen).toMatchObject([
      { rule: 'full', kind: 'errno', detail: 'ENOSPC', operation: 'WRITE', path: '/a.big', pid: process.pid },
    ]);
    mounted.faults?.turn(false);
    write();
    mounted.faults?.turn(true);
    expect(write).toThrow('ENOSPC');
    const [rule] = faults.rules;
    mounted.faults?.set({ rules: [{ ...rule, what: { kind: 'errno', errno: 'EFBIG' } } as Rule] });
    expect(write).toThrow('EFBIG');
    expect(() => mounted.faults?.turn(true, ['ful'])).toThrow(/rule or switch, given "ful" \(did you mean "full"\?\)/);
    expect(() =>
      mounted.faults?.set({ rules: [{ ...rule, where: 'link-request', what: { kind: 'delay', ms: 1 } } as Rule] }),
    ).toThrow(/delay at link-request is not possible on this mount: it was mounted without timers/);
    await mounted.unmount();
    expect(mounted.faults?.report()).toMatchObject([{ rule: 'full', injected: 1, matched: 1 }]);
  });

  test('a filesystem that is served from an event loop', async ({ place, mounting }) => {
    const faults = planOf(
      { where: 'filesystem', when: { path: '/x', operation: 'LOOKUP' }, what: { kind: 'errno', errno: 'EIO' } },
      { where: 'filesystem', when: { operation: 'STATFS' }, what: { kind: 'delay', ms: 5 } },
      { where: 'link-reply', when: { path: '/y', operation: 'LOOKUP' }, what: { kind: 'errno', errno: 'ESTALE' } },
    );
    const mounted = await mounting(fixture('slow'), { ...direct, faults });
    expect(tried('cat', join(place, 'x')).stderr).toMatch(/Input\/output error/);
    expect(tried('cat', join(place, 'y')).stderr).toMatch(/Stale file handle/);
    expect(tried('stat', '-f', place).status).toBe(0);
    mounted.faults?.turn(false, ['1']);
    expect(tried('cat', join(place, 'x')).stderr).not.toMatch(/Input\/output error/);
    await mounted.unmount();
    expect(mounted.faults?.report().map(({ injected }) => injected > 0)).toEqual([true, true, true]);
  });

  test('the link: what is delayed, duplicated, reordered or queued arrives, and bits flip on the way', async ({
    place,
    mounting,
  }) => {
    const faults = planOf(
      { where: 'link-request', when: { operation: 'MKDIR' }, what: { kind: 'delay', ms: { uniform: [1, 5] } } },
      { where: 'link-reply', when: { operation: 'MKDIR' }, what: { kind: 'duplicate', ms: 1 } },
      { where: 'link-request', when: { operation: 'CREATE' }, what: { kind: 'reorder', window: 2, ms: 20 } },
      { where: 'link-request', when: { operation: 'STATFS' }, what: { kind: 'full-queue', ms: 10 } },
      {
        where: 'link-reply',
        when: { operation: 'READ', path: '/d/f' },
        what: { kind: 'range', offset: 0, length: 1, fill: 63 },
      },
      { where: 'link-request', when: { operation: 'WRITE', path: '/d/t' }, what: { kind: 'torn', size: 512 } },
    );
    const mounted = await mounting(ram, { ...direct, faults });
    execFileSync('sh', ['-euc', 'mkdir d; echo abc > d/f; stat -f . > /dev/null; head -c 2048 /dev/zero > d/t'], {
      cwd: place,
      timeout: 20_000,
    });
    expect(readFileSync(join(place, 'd/f'), 'utf8')).toBe('?bc\n');
    expect([512, 1024, 1536]).toContain(statSync(join(place, 'd/t')).size);
    await mounted.unmount();
    expect(mounted.faults?.report().map(({ injected }) => injected > 0)).toEqual([true, true, true, true, true, true]);
  });

  test('a process is killed at its nth request, and others are not', async ({ place, mounting }) => {
    const faults = planOf({
      where: 'process',
      when: { operation: 'MKDIR', path: '/kill', nth: 1 },
      what: { kind: 'kill' },
    });
    await mounting(ram, { ...direct, faults });
    expect(tried('mkdir', join(place, 'spare')).status).toBe(0);
    expect(tried('mkdir', join(place, 'kill')).status).toBe('SIGKILL');
  });

  test('a request that is dropped waits until the mount is cut off', async ({ place, mounting }) => {
    const faults = planOf({ where: 'link-request', when: { operation: 'MKDIR' }, what: { kind: 'drop' }, times: 1 });
    const watch = faultWatch();
    const mounted = await mounting(ram, { ...direct, faults, onFault: watch.onFault, report: () => {} });
    const child = spawn('mkdir', [join(place, 'a')], { stdio: 'ignore' });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    await watch.count(1);
    await mounted.unmount();
    expect(await ended).toBe(1);
  });

  test('a plan that asks for what there is not is refused before anything is mounted', async ({ place, mounting }) => {
    const crash = planOf({ where: 'process', what: { kind: 'restart', memory: 'lost' } });
    await expect(mounting(ram, { faults: crash })).rejects.toThrow(
      /rules\[0\]: "1": restart at process is not possible on this mount/,
    );
    expect(mountAt(place)).toBeUndefined();
  });
});

describeMounts('faults on a libfuse mount', () => {
  test('strike around the filesystem, and change while it is mounted', async ({ place }) => {
    const { mountLibfuse } = await import('../../src/mount/libfuse/channel.ts');
    const faults = planOf({
      where: 'filesystem',
      when: { operation: 'MKDIR' },
      what: { kind: 'errno', errno: 'EDQUOT' },
    });
    const watch = faultWatch();
    const mounted = await mountLibfuse(ram, place, { faults, onFault: watch.onFault, report: () => {} });
    try {
      expect(tried('mkdir', join(place, 'a')).stderr).toMatch(/Disk quota exceeded/);
      await watch.count(1);
      mounted.faults?.turn(false);
      // The order goes through the other process's event loop.
      await vi.waitFor(() => expect(tried('mkdir', join(place, 'a')).status).toBe(0), { timeout: 10_000 });
    } finally {
      await mounted.unmount();
    }
    const link = planOf({ where: 'link-request', what: { kind: 'drop' } });
    await expect(mountLibfuse(ram, place, { faults: link, report: () => {} })).rejects.toThrow(
      /use the place "filesystem"/,
    );
  });
});

describeMounts('estale mount --faults', () => {
  let mount: CliProcess | undefined;
  afterEach(async () => {
    mount?.child.kill('SIGTERM');
    await mount?.ended;
    mount = undefined;
  });

  const started = async (...args: string[]) => {
    const process = startCli(args);
    mount = process;
    await new Promise<void>((resolve, reject) => {
      void process.ended.then(({ stderr }) => reject(new Error(stderr)));
      process.child.stdout?.on('data', () => process.output().includes('is mounted') && resolve());
    });
    return process;
  };

  test('a faulty disk under real programs, changed while it is mounted', async ({ place, backing }) => {
    const plan = join(backing, 'plan.yaml');
    writeFileSync(
      plan,
      `switches: { dying: false }
rules:
  - name: full
    where: filesystem
    when: { operation: WRITE, path: /*.big }
    what: { kind: errno, errno: ENOSPC }
  - name: bad sectors
    where: link-reply
    when: { operation: READ, path: /d.db, switch: dying }
    what: { kind: errno, errno: EIO }
  - name: elsewhere
    where: filesystem
    when: { path: /nowhere }
    what: { kind: errno, errno: EIO }
`,
    );
    const process = await started('mount', `loopback:${backing}`, place, '--faults', plan, '-v', '-o', 'direct_io');
    const entry = mountAt(place);
    expect(statSync(controlSocketPath(entry ?? { device: '' })).mode & 0o777).toBe(0o600);

    expect(tried('cp', '/etc/passwd', join(place, 'a.big')).stderr).toMatch(/No space left on device/);
    const sql = (text: string) => tried('sqlite3', join(place, 'd.db'), text);
    expect(sql('create table t(x); insert into t values (1);').status).toBe(0);

    const on = await runCli(['fault', place, 'on', 'dying']);
    expect(on).toMatchObject({ code: 0, stderr: '' });
    expect(on.stdout).toMatch(
      /^faults are on, seed 0\nswitch "dying": on\nrule "full": on, errno at filesystem, injected 1\n/,
    );
    expect(sql('select * from t;').stderr).toMatch(/disk I\/O error/);
    await runCli(['fault', place, 'off', 'dying']);
    expect(sql('select * from t;').status).toBe(0);

    await runCli(['fault', place, 'set', 'full', 'what.errno=EDQUOT']);
    expect(tried('cp', '/etc/passwd', join(place, 'a.big')).stderr).toMatch(/Disk quota exceeded/);
    const wrong = await runCli(['fault', place, 'set', 'full', 'what.errno=EDQUT']);
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toMatch(/what\.errno: no such word: "EDQUT" \(did you mean "EDQUOT"\?\)/);
    const off = await runCli(['fault', place, 'off']);
    expect(off.stdout).toMatch(/^faults are off/);
    expect(tried('cp', '/etc/passwd', join(place, 'a.big')).status).toBe(0);

    execFileSync('umount', [place]);
    const { code, stdout } = await process.ended;
    expect(stdout).toMatch(/\nfault "full": errno ENOSPC at filesystem, WRITE "\/a\.big" \(request \d+\)\n/);
    expect(stdout).toMatch(/\n\d+ faults injected\nrule "elsewhere": armed, never fired\n$/);
    expect(code).toBe(0);
  });

  test('a plan that is wrong, a directory that is none, a mount without faults: exit code 2', async ({
    place,
    backing,
  }) => {
    const plan = join(backing, 'plan.yaml');
    writeFileSync(plan, 'rules:\n  - name: a\n    where: filesytem\n    what: { kind: errno, errno: EIO }\n');
    const refused = await runCli(['mount', 'ram', place, '--faults', plan]);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toMatch(/plan\.yaml:3:12: rules\[0\]\.where: .*did you mean "filesystem"/);
    const missing = await runCli(['mount', 'ram', place, '--faults', join(backing, 'none')]);
    expect(missing.stderr).toMatch(/none: no such file/);
    const nothing = await runCli(['fault', place, 'list']);
    expect(nothing.code).toBe(2);
    expect(nothing.stderr).toMatch(/expected a mount of estale's, nothing is mounted there/);
    await started('mount', 'ram', place);
    const without = await runCli(['fault', place, 'list']);
    expect(without.stderr).toMatch(/it was mounted without --faults/);
    expect((await runCli(['fault', place, 'lst'])).stderr).toMatch(/given "lst" \(did you mean "list"\?\)/);
  });
});
