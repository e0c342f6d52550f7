import { availableParallelism } from 'node:os';
import { setImmediate as turn } from 'node:timers/promises';
import {
  type BuiltInTarget,
  builtInCrashSubjects,
  builtInTargets,
  check,
  checkCrashes,
  showCrashFinding,
  showFinding,
} from '../../check/index.ts';
import { didYouMean } from '../../vfs/index.ts';
import { type Bug, bugs, hunt, isCaught, tableAsJson, tableFoot, tableHead, tableRow } from '../../zoo/index.ts';
import { showReport } from '../campaign.ts';
import { listenForInterrupt } from '../interrupt.ts';
import { duration, exitCode, parseOptions, UsageError, wholeNumber } from '../usage.ts';
import { showGenerated } from './crashes.ts';

const SEEDS = 10;
const BUDGET = 10_000;
/** A program of the crash check takes as long as many calls: so many calls stand for one. */
const CALLS_OF_CRASHES = 1000;

const help = `estale zoo [name...] [options]

Does the check find bugs? Each bug of the zoo is a small change of the filesystems, the session or the simulated kernel. It is
looked for as "estale check" does it, in a process of its own that has the bug; a finding counts if it is the one that the bug
should give, and if the program that shows it passes without the bug.

  --seeds N         how many seeds are tried for each bug (default ${SEEDS})
  --budget T        CPU time for each seed (default ${BUDGET / 1000}s)
  --processes N     bugs that are looked for at a time (default: the number of processors)
  --unmodified N    the reverse: N checked calls on each host as it is, without a finding; for each ${CALLS_OF_CRASHES} of
                    them a program with power failures, on journal and volatile:ram
  --list            the bugs, with what each changes
  --json            print the table as JSON, with the shrunk programs

Exit code: 0 all found (or, with --unmodified, nothing found), 1 otherwise, 2 usage error.`;

/** What carries bugs in the zoo, and is to have none by itself. */
const hosts: readonly BuiltInTarget[] = ['ram', 'ram:late', 'loopback:ram', 'journal', 'volatile:ram', 'hello'];

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseOptions('zoo', args, {
    seeds: { type: 'string' },
    budget: { type: 'string' },
    processes: { type: 'string' },
    unmodified: { type: 'string' },
    list: { type: 'boolean' },
    json: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  });
  if (values.help) {
    console.log(help);
    return exitCode.nothingFound;
  }
  const chosen = positionals.length === 0 ? bugs : positionals.map(bugNamed);
  if (values.list) {
    for (const bug of chosen) console.log(showBug(bug));
    return exitCode.nothingFound;
  }
  const seeds = values.seeds === undefined ? SEEDS : wholeNumber('seeds', values.seeds, 1, 1000);
  const budget = values.budget === undefined ? BUDGET : duration('budget', values.budget);
  const processes =
    values.processes === undefined ? availableParallelism() : wholeNumber('processes', values.processes, 1, 64);
  const { signal, stop } = listenForInterrupt();
  try {
    if (values.unmodified !== undefined)
      return await checkHosts(wholeNumber('unmodified', values.unmodified, 1, Number.MAX_SAFE_INTEGER), signal);
    const say = values.json ? () => {} : console.log;
    say(tableHead());
    const results = await hunt(chosen, {
      seeds,
      budget,
      processes,
      signal,
      onHunted: (result) => say(tableRow(result)),
    });
    if (values.json) console.log(JSON.stringify(tableAsJson(results), undefined, 2));
    say(`\n${tableFoot(results)}${signal.aborted ? ' (interrupted)' : ''}`);
    return results.length === chosen.length && results.every(isCaught) ? exitCode.nothingFound : exitCode.found;
  } finally {
    stop();
  }
}

function bugNamed(name: string): Bug {
  const bug = bugs.find((other) => other.name === name);
  if (bug !== undefined) return bug;
  const names = bugs.map((other) => other.name);
  throw new UsageError(`zoo: no bug "${name}"${didYouMean(name, names)}; "estale zoo --list" tells them`);
}

function showBug({ name, host, summary, source, file, before, after, also }: Bug): string {
  const patches = [{ file, before, after }, ...(also === undefined ? [] : [also])];
  const lines = patches.flatMap((patch) => [`  src/${patch.file}`, `  - ${patch.before}`, `  + ${patch.after}`]);
  return [`${name} (${host}): ${summary}${source === undefined ? '' : ` [${source}]`}`, ...lines].join('\n');
}

/** The hosts as they are: the check finds nothing. */
async function checkHosts(calls: number, signal: AbortSignal): Promise<number> {
  let found = 0;
  for (const name of hosts) {
    if (signal.aborted) break;
    const report = await check(builtInTargets[name](), {
      seed: 1,
      calls,
      now: () => performance.now(),
      signal,
      yield: () => turn(),
      onFinding: (finding) => console.log(showFinding(finding)),
    });
    console.log(showReport(report));
    found += report.findings.length;
  }
  for (const make of Object.values(builtInCrashSubjects)) {
    if (signal.aborted) break;
    const report = await checkCrashes(make(), {
      seed: 1,
      runs: Math.ceil(calls / CALLS_OF_CRASHES),
      signal,
      yield: () => turn(),
      onFinding: (finding) => console.log(showCrashFinding(finding)),
    });
    console.log(`${report.subject}: ${showGenerated(report)}`);
    found += report.findings.length;
  }
  return found > 0 || signal.aborted ? exitCode.found : exitCode.nothingFound;
}
