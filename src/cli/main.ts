import { readFileSync } from 'node:fs';
import { didYouMean } from '../vfs/index.ts';
import { exitCode, UsageError } from './usage.ts';

interface Command {
  readonly usage: string;
  readonly summary: string;
  /** Loaded on use, so that a command pays for what it needs only. */
  load(): Promise<{ run(args: string[]): Promise<number> }>;
}

const commands: Readonly<Record<string, Command>> = {
  check: {
    usage: 'check <target>',
    summary: 'look for differences between a filesystem and POSIX',
    load: () => import('./commands/check.ts'),
  },
  replay: {
    usage: 'replay <file>',
    summary: 'run a saved counterexample or a trace again',
    load: () => import('./commands/replay.ts'),
  },
  mount: {
    usage: 'mount <filesystem> <dir>',
    summary: 'mount a filesystem through FUSE, in the foreground',
    load: () => import('./commands/mount.ts'),
  },
  serve: {
    usage: 'serve nfs <filesystem>',
    summary: 'serve a filesystem over NFSv3',
    load: () => import('./commands/serve.ts'),
  },
  fault: {
    usage: 'fault <dir> on|off|list|set',
    summary: 'change the faults of a mount while it is mounted',
    load: () => import('./commands/fault.ts'),
  },
  record: {
    usage: 'record <filesystem> <dir> -- <command>',
    summary: 'mount, run a command, and keep a trace of every message',
    load: () => import('./commands/record.ts'),
  },
  trace: {
    usage: 'trace <file>',
    summary: 'print a trace',
    load: () => import('./commands/trace.ts'),
  },
  fidelity: {
    usage: 'fidelity',
    summary: "compare the simulated kernel's requests with the real kernel's",
    load: () => import('./commands/fidelity.ts'),
  },
  nfs: {
    usage: 'nfs list|run|mount|slab|proxy',
    summary: 'NFS failures on purpose, and what helps against them',
    load: () => import('./commands/nfs.ts'),
  },
  zoo: {
    usage: 'zoo',
    summary: 'whether the check finds bugs: seeded ones, in a table',
    load: () => import('./commands/zoo.ts'),
  },
  demo: {
    usage: 'demo',
    summary: 'what `npm start` shows: bugs in memfs, none in ram',
    load: () => import('./commands/demo.ts'),
  },
};

function help(): string {
  const lines = Object.values(commands).map(({ usage, summary }) => `  estale ${usage.padEnd(43)}${summary}`);
  return [
    'estale: a userspace filesystem simulator and test harness',
    '',
    ...lines,
    '',
    '`estale <command> --help` tells the options of a command.',
  ].join('\n');
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return (manifest as { version: string }).version;
}

async function run(argv: string[]): Promise<number> {
  const [name, ...args] = argv;
  if (name === undefined || name === '--help' || name === '-h') {
    console.log(help());
    return name === undefined ? exitCode.usage : exitCode.nothingFound;
  }
  if (name === 'help') return run([...args.slice(0, 1), '--help']);
  if (name === '--version' || name === '-V' || name === 'version') {
    console.log(version());
    return exitCode.nothingFound;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command)
    throw new UsageError(
      `no command "${name}"${didYouMean(name, Object.keys(commands))}; there are: ${Object.keys(commands).join(', ')}`,
    );
  return (await command.load()).run(args);
}

/** The program: runs a command line, prints what there is to say, and sets the exit code (0, 1 found, 2 usage). */
export async function main(argv: string[]): Promise<void> {
  // `estale ... | head`: nobody reads any more, which ends a command as Ctrl-C does.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    if (!process.emit('SIGINT')) process.exit(exitCode.nothingFound);
  });
  try {
    process.exitCode = await run(argv);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`estale: ${error.message}`);
    process.exitCode = exitCode.usage;
  }
}
