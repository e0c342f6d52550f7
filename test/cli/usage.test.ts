import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { capabilities } from '../../src/check/index.ts';
import { runCli } from '../support/cli.ts';

const manifest: { version: string } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

describe('estale tells how it is used', () => {
  it.each([['--help'], ['-h'], ['help']])('%s lists the commands', async (word) => {
    const { code, stdout, stderr } = await runCli([word]);
    for (const command of ['check', 'replay', 'mount', 'serve', 'record', 'trace', 'fidelity', 'demo'])
      expect(stdout).toMatch(new RegExp(`estale ${command}\\b`));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it('without a command it does the same, as an error', async () => {
    const { code, stdout } = await runCli([]);
    expect(stdout).toContain('estale check');
    expect(code).toBe(2);
  });

  it.each([['--version'], ['-V'], ['version']])('%s prints the version', async (word) => {
    expect(await runCli([word])).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: '' });
  });

  it.each([
    [
      'check',
      [
        '--time',
        '--runs',
        '--seed',
        '--jobs',
        '--patience',
        '--without',
        '--known',
        '--accept',
        '--save',
        '--json',
        '--probe',
      ],
    ],
    ['replay', ['--on', '--verbose', '--patience', '--hex', '--ignore']],
    ['mount', ['--channel', '-o', '--record', '--force']],
    ['record', ['--to', '--force', '-o']],
    ['trace', ['--op', '--node', '--pid', '--hex', '--json']],
    ['fidelity', ['--generated', '--seed', '--script', '--config', '--daemon', '--daemon-setup', '--json', '-v']],
  ])('%s --help and help %s name its options', async (command, options) => {
    const { code, stdout } = await runCli([command, '--help']);
    for (const option of options) expect(stdout).toContain(option);
    expect(code).toBe(0);
    expect((await runCli(['help', command])).stdout).toBe(stdout);
  });

  it('every capability is named, in lines that fit a terminal', async () => {
    const { stdout } = await runCli(['check', '--help']);
    for (const name of Object.keys(capabilities)) expect(stdout).toMatch(new RegExp(`[\\s,]${name}\\s`));
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(120);
  });
});

describe('a wrong command line is exit code 2, and one line says what is right', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    [
      'chekc ram',
      /^estale: no command "chekc" \(did you mean "check"\?\); there are: check, replay, mount, serve, fault, record, trace, fidelity, nfs, zoo, demo$/,
    ],
    ['help chekc', /no command "chekc"/],
    ['check', /expected one target \(ram, memfs, .*\), or --daemon CMD and no target, given none$/],
    ['check ram memfs', /expected one target .* given ram memfs$/],
    ['check memsf', /unknown target "memsf" \(did you mean "memfs"\?\)/],
    ['check loopback', /did you mean "loopback:memfs"\?/],
    ['check ram --rusn 5', /unknown option --rusn \(did you mean "--runs"\?\)/],
    ['check ram --runs', /--runs/],
    ['check ram --runs 0', /--runs: expected a whole number from 1 to \d+, given "0"$/],
    ['check ram --runs 1e3', /--runs: expected a whole number .* given "1e3"$/],
    ['check ram --seed -1', /--seed/],
    ['check ram --seed 4294967296', /--seed: expected a whole number from 0 to 4294967295, given "4294967296"$/],
    ['check ram --jobs 0', /--jobs: expected a whole number from 1 to 256, given "0"$/],
    ['check ram --jobs 2 --crashes', /--jobs: expected without --crashes/],
    ['check ram --patience 2s --consistency linearizable', /--patience: expected without --consistency/],
    ['check ram --jobs 2 --check-determinism', /--jobs: expected without --check-determinism/],
    [
      'check dir:/tmp --jobs 2',
      /--jobs 2: expected a target that another thread can make \(ram, .*\), given dir:\/tmp$/,
    ],
    ['check dir:/tmp --patience 2s', /--patience: expected a target that another thread can make/],
    ['check --daemon {fuse} --jobs 2', /--jobs 2: expected a target that another thread can make/],
    ['check ram --patience never', /--patience: expected a time such as/],
    ['check ram --time 5q', /--time: expected a time such as 500ms, 10s, 2m or 1h, given "5q"$/],
    ['check ram --time 0s', /--time: expected a time .* given "0s"$/],
    ['check ram --without linsk', /--without: unknown capability "linsk" \(did you mean "links"\?\)/],
    ['check ram --accept', /--accept: expected --known FILE/],
    ['check ram --known /nowhere', /--known: \/nowhere: no such file; --accept makes it$/],
    ['check dir:/nowhere', /target dir:\/nowhere: expected an existing directory, nothing is there$/],
    ['check ./nowhere.js', /target \.\/nowhere\.js: no such file$/],
    ['replay', /expected one file, given none$/],
    ['replay /nowhere', /\/nowhere: no such file$/],
    ['replay /tmp', /expected a file, it is a directory$/],
    ['record ram', /expected a filesystem .* and a directory before --, given ram$/],
    ['record ram /tmp', /expected a command behind --, as in estale record ram DIR -- git init DIR, given none$/],
    ['record rma /tmp -- true', /unknown filesystem "rma" \(did you mean "ram"\?\)/],
    ['record ram /tmp -o alow_other -- true', /unknown mount option "alow_other"/],
    ['record ram /tmp --channel libfuse -- true', /unknown option --channel/],
    ['fidelity ram', /fidelity: expected options only, given ram$/],
    ['fidelity --config driect-0', /--config: .*given "driect-0" \(did you mean "direct-0"\?\); there are: direct-0/],
    ['fidelity --script renam', /--script: no script "renam" \(did you mean "rename"\?\); there are: stat/],
    ['fidelity --daemon-setup true', /fidelity: --daemon-setup goes with --daemon$/],
    ['fidelity --daemon {fuse} --config direct-0', /fidelity: --config is of our own filesystem; with --daemon /],
    ['fidelity --daemon true', /expected \{fuse\}/],
    ['fidelity --generated 0', /--generated: expected a whole number from 1/],
    ['trace', /expected one file, given none$/],
    ['trace /nowhere', /trace: \/nowhere: no such file$/],
    ['trace /tmp', /trace: \/tmp: expected a file, it is a directory$/],
    ['trace /dev/null', /trace: \/dev\/null: expected a trace, given nothing$/],
    ['trace package.json', /package\.json: expected "estale trace 1" as the first line, given another$/],
    ['trace x --op LOKUP', /--op: expected an opcode such as LOOKUP, given "LOKUP" \(did you mean "LOOKUP"\?\)$/],
    ['trace x --pid init', /--pid: expected a whole number from 0 to \d+, given "init"$/],
    ['mount ram', /expected a filesystem .* and a directory, given ram$/],
    ['mount rma /tmp', /unknown filesystem "rma" \(did you mean "ram"\?\)/],
    ['mount ram /tmp --channel fuse', /--channel: expected device or libfuse, given "fuse"$/],
    ['mount ram /tmp --channel libfuse --record x', /recording: expected the channel device, given libfuse/],
    ['mount ram /tmp -o alow_other', /unknown mount option "alow_other" \(did you mean "allow_other"\?\)/],
  ];
  it.each(cases)('estale %s', async (line, message) => {
    const { code, stdout, stderr } = await runCli(line.split(' '));
    expect(stderr.trimEnd()).toMatch(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });
});
