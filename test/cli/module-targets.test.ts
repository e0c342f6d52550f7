import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect } from 'vitest';
import { type CliResult, runCli } from '../support/cli.ts';
import { directoryTest } from '../support/work-directory.ts';

const url = (path: string) => JSON.stringify(new URL(`../../${path}`, import.meta.url).href);
const importRam = `import { ram } from ${url('dist/filesystems/index.js')};`;
const importMemfs = `
  import { createRequire } from 'node:module';
  const { createFsFromVolume, Volume } = createRequire(${url('package.json')})('memfs');`;

const test = directoryTest.extend<{ checked: (source: string, ...options: string[]) => Promise<CliResult> }>({
  /** What `estale check ./mine.mjs` says of a module. */
  checked: async ({ directory }, use) => {
    await use((source, ...options) => {
      writeFileSync(join(directory, 'mine.mjs'), source);
      return runCli(['check', './mine.mjs', '--runs', '40', '--seed', '1', ...options], directory);
    });
  },
});

describe('estale check ./module.mjs', () => {
  test('checks a filesystem factory', async ({ checked }) => {
    const { code, stdout } = await checked(`${importRam} export default ram;`);
    expect(stdout).toMatch(/^checking \.\/mine\.mjs, seed 1\n/);
    expect(stdout).toContain('./mine.mjs: nothing found in 40 programs');
    expect(code).toBe(0);
  });

  test('checks a function that gives a node:fs-shaped object', async ({ checked }) => {
    const { code, stdout } = await checked(
      `${importMemfs} export default () => createFsFromVolume(new Volume()); export const without = [];`,
    );
    expect(stdout).toMatch(/rmdir .*expected/);
    expect(code).toBe(1);
  });

  test('finds out what a filesystem without a list does not have', async ({ checked }) => {
    const { code, stdout } = await checked(
      `${importRam} export default (...given) => Object.assign(ram(...given), { link: undefined, setxattr: undefined });`,
    );
    expect(stdout).toMatch(/^\.\/mine\.mjs has no hard links.*: link gave \w+$/m);
    expect(stdout).toMatch(/^\.\/mine\.mjs has no extended attributes: setxattr gave \w+$/m);
    expect(stdout).toContain('seed 1, without links, xattrs');
    expect(code).toBe(0);
  });

  test('what its code throws is told once, with the stack', async ({ checked }) => {
    const { code, stdout, stderr } = await checked(`${importRam}
      export default (...given) => Object.assign(ram(...given), { readlink: brokenReadlink });
      function brokenReadlink() { throw new TypeError('the bug'); }
      export const without = [];`);
    expect(stderr.match(/TypeError: the bug/g)).toHaveLength(1);
    expect(stderr).toMatch(/at .*brokenReadlink .*mine\.mjs:3/);
    expect(stdout).toMatch(/readlink.*got EIO/);
    expect(code).toBe(1);
  });

  test('answers that come later are checked too', async ({ checked }) => {
    const { code, stdout } = await checked(`${importRam}
      export default (...given) => {
        const filesystem = ram(...given);
        const lookup = filesystem.lookup.bind(filesystem);
        return Object.assign(filesystem, { mode: 'async', lookup: async (...asked) => lookup(...asked) });
      };
      export const without = [];`);
    expect(stdout).toContain('nothing found');
    expect(code).toBe(0);
  });

  const looping = `${importRam}
    export default (...given) => {
      const filesystem = ram(...given);
      const lookup = filesystem.lookup.bind(filesystem);
      return Object.assign(filesystem, {
        lookup: (parent, name, ...rest) => {
          const all = [];
          while (name === 'c') if (LOSE) all.push({});
          return lookup(parent, name, ...rest);
        },
      });
    };
    export const without = [];`;

  test('a call that does not come back is found, and does not when it is replayed: exit code 3', async ({
    checked,
    directory,
  }) => {
    const { code, stdout } = await checked(looping.replace('LOSE', 'false'), '--runs', '3', '--patience', '2s');
    expect(stdout).toMatch(/^\S+.*: does not end$/m);
    expect(stdout).toMatch(/actual: +nothing came back for 2 s; its thread was ended in \w+$/m);
    expect(stdout).toMatch(/found in 3 programs/);
    expect(code).toBe(3);
    const [, saved] = /^saved: (.*)$/m.exec(stdout) ?? [];
    const again = await runCli(['replay', saved, '--patience', '2s', '-v'], directory);
    expect(again.stdout).toMatch(/-> .* LOOKUP .* name="c"\n\n/);
    expect(again.stdout).toMatch(/\.\/mine\.mjs still does not end\n$/);
    expect(again.code).toBe(3);
  });

  test('so is one that takes all memory', async ({ directory }) => {
    writeFileSync(join(directory, 'mine.mjs'), looping.replace('LOSE', 'true'));
    const program = fileURLToPath(new URL('../../bin/estale.js', import.meta.url));
    const args = ['--max-old-space-size=80', program, 'check', './mine.mjs', '--runs', '3', '--seed', '1'];
    const { stdout, status } = spawnSync(process.execPath, args, { cwd: directory, encoding: 'utf8', timeout: 60_000 });
    expect(stdout).toMatch(/actual: +it took all the memory of its thread; its thread was ended in \w+$/m);
    expect(status).toBe(3);
  });

  test('several threads give the same report', async ({ checked }) => {
    const source = `${importMemfs} export default () => createFsFromVolume(new Volume()); export const without = [];`;
    const reports = [];
    for (const jobs of ['1', '2']) {
      const { stdout } = await checked(source, '--runs', '10', '--json', '--jobs', jobs);
      reports.push(JSON.parse(stdout));
    }
    const [one, two] = reports;
    expect(one.findings.length).toBeGreaterThan(0);
    expect({ ...two, callsPerSecond: one.callsPerSecond }).toEqual(one);
  });

  const wrong: readonly (readonly [string, string, RegExp])[] = [
    [
      'one object that keeps its files',
      `${importMemfs} export default createFsFromVolume(new Volume());`,
      /wrap it, `export default \(\) => createFs\(\)`/,
    ],
    [
      'a filesystem that is made already',
      `${importRam} export default { lookup() {}, getattr() {} };`,
      /it is a filesystem: wrap it/,
    ],
    ['no default export', 'export const other = 1;', /expected its default export .*; it has none; it exports other$/m],
    ['a number', 'export default 5;', /; it is a number$/m],
    ['a function that gives a number', 'export default () => 7;', /; it gave a number$/m],
    ['a function that gives a promise', 'export default async () => ({});', /; it gave a promise$/m],
    [
      'a factory that throws',
      'export default () => { throw new Error("no way"); };',
      /its default export threw:\nError: no way\n +at .*mine\.mjs:1/,
    ],
    ['a module that throws', 'throw new Error("not today");', /target \.\/mine\.mjs threw:\nError: not today/],
    [
      'a list of unknown capabilities',
      `${importRam} export default ram; export const without = ['linsk'];`,
      /without: unknown capability "linsk" \(did you mean "links"\?\)/,
    ],
    [
      'something else than a list',
      `${importRam} export default ram; export const without = 'links';`,
      /expected "without" to be a list of capabilities, it is a string/,
    ],
    [
      'answers that wait for what is not simulated',
      `${importRam} import { readFile } from 'node:fs/promises';
       export default (...given) => Object.assign(ram(...given), { mode: 'async', getattr: () => readFile('/dev/null') });`,
      /\.\/mine\.mjs could not be checked: .*GETATTR .* waits for something outside of the simulation/,
    ],
  ];
  test.for(wrong)('%s: exit code 2, and what is expected', async ([, source, message], { checked }) => {
    const { code, stdout, stderr } = await checked(source);
    expect(stderr).toMatch(/^estale: /);
    expect(stderr).toMatch(message);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });
});
