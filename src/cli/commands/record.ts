import { basename } from 'node:path';
import { filesystems } from '../../filesystems/index.ts';
import { runRecorded } from '../../mount/index.ts';
import { daemonSource } from '../daemon.ts';
import { readPlan } from '../plan.ts';
import { exitCode, parseOptions, UsageError } from '../usage.ts';

const help = `estale record <filesystem> <dir> [options] -- <command> [arguments]

Mounts a filesystem on an empty directory, runs a command, unmounts, and leaves every request, reply and notification with
its bytes, time and thread in a trace file, for estale trace and estale replay. Filesystems: ram, hello, loopback:DIR,
journal:FILE, or the path of a module (./mine.js). The command runs in the current directory.

  --daemon CMD      a foreign FUSE daemon instead of a filesystem, and --daemon-setup CMD; see estale check --help
  --to FILE         the trace file (default: the command's name and .trace, in the current directory)
  --force           write over a file that is there
  --faults PLAN     injects the faults of a plan (docs/faults.md), which the trace tells; -v tells them at once
  -o OPTIONS        as estale mount takes them

Exit code: the command's; 128 + N if signal N ended it; 126 the command cannot be run, 127 it is not there; 125 the
filesystem could not be mounted or recorded; 2 usage error.`;

export async function run(args: string[]): Promise<number> {
  const dashes = args.indexOf('--');
  const command = dashes < 0 ? [] : args.slice(dashes + 1);
  const { values, positionals } = parseOptions('record', dashes < 0 ? args : args.slice(0, dashes), {
    to: { type: 'string' },
    force: { type: 'boolean' },
    options: { type: 'string', short: 'o', multiple: true },
    daemon: { type: 'string' },
    'daemon-setup': { type: 'string' },
    faults: { type: 'string' },
    verbose: { type: 'boolean', short: 'v' },
    help: { type: 'boolean', short: 'h' },
  });
  if (values.help) {
    console.log(help);
    return exitCode.nothingFound;
  }
  const { daemon, 'daemon-setup': setup } = values;
  const [filesystem, directory] = daemon === undefined ? positionals : [`daemon:${daemon}`, ...positionals];
  if (positionals.length !== (daemon === undefined ? 2 : 1))
    throw new UsageError(
      `record: expected a filesystem (${Object.keys(filesystems).join(', ')}, ./module.js), or --daemon CMD, and a directory before --, given ${positionals.join(' ') || 'nothing'}`,
    );
  if (command.length === 0)
    throw new UsageError(
      'record: expected a command behind --, as in estale record ram DIR -- git init DIR, given none',
    );
  const faults = values.faults === undefined ? undefined : readPlan(values.faults);
  const source = daemon === undefined ? undefined : daemonSource(daemon, setup);
  try {
    return await runRecorded({
      filesystem,
      daemon: source,
      directory,
      options: values.options?.join(','),
      registry: filesystems,
      command,
      file: values.to ?? `${basename(command[0])}.trace`,
      force: values.force ?? false,
      faults,
      verbose: values.verbose,
      complain: console.error,
    });
  } finally {
    await source?.close();
  }
}
