import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect } from 'vitest';
import { runCli } from '../support/cli.ts';
import { directoryTest as test } from '../support/work-directory.ts';

const trace = fileURLToPath(new URL('../fixtures/traces/tar.trace', import.meta.url));
const lines = (text: string) => text.trimEnd().split('\n');

describe('estale trace', () => {
  test('prints the header and a message a line', async () => {
    const { code, stdout, stderr } = await runCli(['trace', trace]);
    const [header, first, second, ...others] = lines(stdout);
    expect(header).toMatch(/^ram, \d{4}-\d\d-\d\dT[\d:.]+Z, Linux \S+, FUSE 7\.45$/);
    expect(first).toMatch(/^ +0\.\d{6} -> #2 INIT .*major=7/);
    expect(second).toMatch(/^ +0\.\d{6} <- #2 INIT reply major=7/);
    expect(others.filter((line) => !/^ +\d+\.\d{6} (->|<-) #\d+ [A-Z_]+ /.test(line))).toEqual([]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  test('--op, --node and --pid leave out what does not match, with its replies', async () => {
    const all = lines((await runCli(['trace', trace, '--op', 'symlink,link'])).stdout).slice(1);
    const ops = all.map((line) => line.replace(/^.*#\d+ (\S+ ?(?:reply)?).*$/, '$1').trim());
    expect(ops.sort()).toEqual([
      'LINK',
      'LINK',
      'LINK reply',
      'LINK reply',
      'SYMLINK',
      'SYMLINK',
      'SYMLINK reply',
      'SYMLINK reply',
    ]);
    const [, pid] = / pid (\d+) /.exec(all[0]) ?? [];
    const [, node] = / node (\d+) /.exec(all[0]) ?? [];
    const some = lines((await runCli(['trace', trace, '--op', 'SYMLINK', '--pid', pid, '--node', node])).stdout);
    expect(some.slice(1)).toEqual(all.slice(0, 2));
  });

  test('--hex shows the bytes', async () => {
    const [, ...rows] = lines((await runCli(['trace', trace, '--op', 'SYMLINK', '--hex'])).stdout);
    expect(rows.slice(1, 5)).toEqual([
      expect.stringMatching(/^ +000000 {2}.. 00 00 00 06 00 00 00 /),
      expect.stringMatching(/^ +000010 {2}/),
      expect.stringMatching(/^ +000020 {2}.* {2}\S*s\.d\/1\.$/),
      expect.stringMatching(/<- #\d+ SYMLINK reply /),
    ]);
  });

  test('--json prints objects that carry the same', async () => {
    const { stdout } = await runCli(['trace', trace, '--op', 'SYMLINK', '--json', '--hex']);
    const [header, request, reply, ...others] = lines(stdout).map((line): unknown => JSON.parse(line));
    expect(header).toMatchObject({ filesystem: 'ram', protocol: { major: 7 } });
    expect(request).toMatchObject({ kind: 'request', message: { op: 'SYMLINK', name: 's', target: 'd/1' } });
    expect(request).toHaveProperty('hex', expect.stringMatching(/^([0-9a-f]{2})+$/));
    expect(reply).toMatchObject({ kind: 'reply', message: { op: 'SYMLINK', error: 0 } });
    expect(others.at(-1)).toEqual({ ending: { kind: 'complete', messages: expect.any(Number) } });
  });

  test('a trace that is cut off is told, with what is there', async ({ directory }) => {
    const file = join(directory, 'cut.trace');
    writeFileSync(file, readFileSync(trace).subarray(0, -30));
    const { code, stderr } = await runCli(['trace', file]);
    expect(stderr).toMatch(/^estale: .*cut\.trace: truncated after \d+ messages: /);
    expect(code).toBe(0);
  });

  test('one that is damaged is exit code 2', async ({ directory }) => {
    const file = join(directory, 'damaged.trace');
    const bytes = readFileSync(trace);
    bytes[bytes.length - 100] ^= 1;
    writeFileSync(file, bytes);
    const { code, stderr } = await runCli(['trace', file]);
    expect(stderr).toMatch(/^estale: .*: damaged at byte \d+, after \d+ messages: expected a chunk with checksum/);
    expect(code).toBe(2);
    expect((await runCli(['replay', file])).code).toBe(2);
  });
});

describe('estale replay of a trace', () => {
  test('on the filesystem that was recorded says that there is no difference: exit code 0', async () => {
    const { code, stdout, stderr } = await runCli(['replay', trace]);
    expect(stdout).toMatch(/^ram answers as recorded: \d+ requests, \d+ replies and notifications\n$/);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  test('on another tells the first difference, with bytes if asked: exit code 1', async () => {
    const { code, stdout } = await runCli(['replay', trace, '--on', 'hello', '--hex', '--ignore', 'mtime,ctime']);
    const [first, request, ...rest] = lines(stdout);
    expect(first).toMatch(/^hello differs at message \d+, \d+\.\d{6} s, after \d+ requests$/);
    expect(request).toMatch(/^request: +#\d+ GETATTR node 1 /);
    expect(rest.filter((line) => /^(expected|given): +#\d+ GETATTR reply /.test(line))).toHaveLength(2);
    expect(rest.filter((line) => /^ +000000 {2}/.test(line))).toHaveLength(3);
    expect(rest.at(-1)).toBe('  mode: expected 040755, given 040555');
    expect(code).toBe(1);
  });

  test('on a module', async ({ directory }) => {
    const file = join(directory, 'mine.mjs');
    const library = new URL('../../dist/index.js', import.meta.url).href;
    writeFileSync(file, `import { ram } from ${JSON.stringify(library)}; export default ram;`);
    const { code, stdout } = await runCli(['replay', trace, '--on', file]);
    expect(stdout).toContain('mine.mjs answers as recorded');
    expect(code).toBe(0);
  });

  const wrong: readonly (readonly [string, RegExp])[] = [
    [
      '--on rma',
      /^estale: unknown filesystem "rma" \(did you mean "ram"\?\); there are: ram, ram:late, loopback:memfs, /,
    ],
    ['--on memfs', /unknown filesystem "memfs"/],
    ['--verbose', /--verbose: expected a counterexample, given a trace/],
  ];
  test.for(wrong)('%s is a usage error', async ([options, message]) => {
    const { code, stderr } = await runCli(['replay', trace, ...options.split(' ')]);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });
});
