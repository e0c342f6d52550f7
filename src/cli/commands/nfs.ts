import { listed, missing, scenarios } from '../../scenarios/index.ts';
import { didYouMean } from '../../vfs/index.ts';
import { exitCode, parseOptions, UsageError } from '../usage.ts';

const help = `estale nfs <list|run|mount|slab|proxy> ...

The catalogue of NFS failures: each can be had on purpose, and goes with its remedy.

  estale nfs list                    the failures
  estale nfs run <id>                one of them: what happened, and the same with the remedy
  estale nfs run all                 all of them, as a table
  estale nfs mount <id> <dir>        mounts one: any program meets it
  estale nfs slab                    the memory that a million files take that are only looked at

and for any client and server of version 3:

  estale nfs proxy                   stands between them, with the faults of a plan

"estale nfs run --help" and its like tell the options.

Exit code: 0 all is as it should be, 1 not, 2 usage error.`;

interface Subcommand {
  run(args: string[]): Promise<number>;
}

const subcommands: Readonly<Record<string, () => Promise<Subcommand>>> = {
  list: async () => ({ run: list }),
  run: () => import('./nfs/run.ts'),
  mount: () => import('./nfs/mount.ts'),
  slab: () => import('./nfs/slab.ts'),
  proxy: () => import('./nfs/proxy.ts'),
};

export async function run(args: string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === '-h') {
    console.log(help);
    return name === undefined ? exitCode.usage : exitCode.nothingFound;
  }
  const load = Object.hasOwn(subcommands, name) ? subcommands[name] : undefined;
  if (load === undefined) {
    const names = Object.keys(subcommands);
    throw new UsageError(`nfs: no command "${name}"${didYouMean(name, names)}; there are: ${names.join(', ')}`);
  }
  return (await load()).run(rest);
}

async function list(args: string[]): Promise<number> {
  const { values } = parseOptions('nfs list', args, { help: { type: 'boolean', short: 'h' } });
  if (values.help) console.log(help);
  else {
    for (const scenario of scenarios) console.log(listed(scenario));
    for (const row of missing) console.log(`${listed(row)} (does not run: ${row.why})`);
  }
  return exitCode.nothingFound;
}
