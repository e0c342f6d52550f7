import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import {
  type Capability,
  capabilities,
  checkDeterminism,
  type Finding,
  faultClasses,
  isNotLive,
  type KnownDivergence,
  knownFromText,
  knownToText,
  PATIENCE,
  probe,
  probeInThread,
  programToJson,
  type Report,
  showDeterminism,
  showFinding,
  showScript,
  type Target,
} from '../../check/index.ts';
import { DaemonCommandError } from '../../fuse/socket/index.ts';
import { type CampaignThreads, runCampaign, showReport } from '../campaign.ts';
import { capabilityNamed } from '../capability.ts';
import { daemonHelp, daemonNamed, daemonOptions } from '../daemon.ts';
import { faultChoice, faultsFor, showFaults } from '../faults.ts';
import { listenForInterrupt } from '../interrupt.ts';
import { isNfsUrl } from '../nfs.ts';
import { tellProblem } from '../progress.ts';
import { CounterexampleFolder, DEFAULT_DIRECTORY } from '../save.ts';
import { type OpenTarget, openTarget, patienceFor, refusedInThreads, targetNames } from '../targets.ts';
import { duration, exitCode, parseOptions, UsageError, wholeNumber, whyUnread } from '../usage.ts';
import { consistencyOptions, refuseWithoutConsistency, runConsistency } from './consistency.ts';
import { crashOptions, refuseWithoutCrashes, runCrashes } from './crashes.ts';

const DEFAULT_TIME = 10_000;
const MAX_SEED = 2 ** 32 - 1;
const MOST_JOBS = 256;

/** Words in lines of at most `width` characters. */
function listed(words: readonly string[], indent: string, width: number): string {
  const lines = [indent];
  for (const word of words) {
    const line = lines[lines.length - 1];
    if (line.length + word.length < width) lines[lines.length - 1] = `${line}${line === indent ? '' : ' '}${word}`;
    else lines.push(`${indent}${word}`);
  }
  return lines.join('\n');
}

const help = `estale check <target> [options]

Runs generated programs of system calls on a filesystem, compares every result with the POSIX model, and shrinks what
differs to a few calls.
Targets:
${listed(targetNames, '  ', 100)}

  --time T          how long to look, such as 30s or 2m (default 10s)
  --runs N          how many programs to run instead
  --calls N         how many calls to check instead, about
  --seed N          where to start; the same seed and runs give the same result (default: random, and printed)
  --jobs N          how many threads run programs, 1 to ${MOST_JOBS}: by default as many as there are cores for the targets of
                    the list above, one for a module, which may hold things of the host. Not for daemons, directories
                    and servers. The same seed and runs give the same result with any number
  --patience T      a call that does not come back for so long is a finding, and its thread is ended (default ${PATIENCE / 1000}s)
  --without A,B     what the filesystem does not promise:
${listed(Object.keys(capabilities), '                    ', 120)}
  --probe           find out by trying what it does not promise (daemons, directories, and modules that export no
                    list named "without", are always probed)
${daemonHelp}
  --faults F        runs programs under faults (docs/faults.md): those of a plan (./plan.yaml), or of classes, of which
                    each program draws some, or of "all"; of those only faults of the link in front of a daemon:
${listed(faultClasses, '                    ', 120)}
  --known FILE      a file of divergences that are accepted: listed, not findings
  --accept          add what is found to the file of --known
  --save DIR        where counterexamples are saved (default ${DEFAULT_DIRECTORY}, made when something is found)
  --erase           remove what is in an export of a server (nfs://HOST/EXPORT?port=P, docs/nfs-client.md), which is
                    to be empty otherwise
  --json            print the report as JSON

  --check-determinism
                    run every program twice instead, and point at the first event that differs

  --consistency L   run calls of several processes side by side instead, and judge what they gave by the level L:
                    linearizable, close-to-open, attribute-cache:SECONDS, process-order, eventual
  --clients N       kernels on the one filesystem (default 1)
  --processes N     processes, spread over the kernels (default 4)
  --calls N         calls of each process, about (default 20)
  -o OPTIONS        how the kernels are mounted: entry_timeout=S,attr_timeout=S,negative_timeout=S,direct_io,...
                    (default: drawn for one kernel, nothing cached for several)

  --crashes         let the power fail instead, and judge what is left (docs/crashes.md); targets: volatile:ram,
                    volatile:./module.js, or a filesystem on a disk of its environment
  --promise P       what a crash must leave: posix (default) or ordered
  --sweep N         every program of up to N operations, 0 to 3, and no generated ones (default 1, and generated ones)
  --outcomes N      what a power failure may leave is tried exhaustively up to N outcomes, and drawn beyond (default 64;
                    for disks 4)

Exit code: 0 nothing found, 1 something found, 2 usage error, or it could not be checked; 3 calls did not come to an
end.`;

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseOptions('check', args, {
    time: { type: 'string' },
    runs: { type: 'string' },
    jobs: { type: 'string' },
    patience: { type: 'string' },
    seed: { type: 'string' },
    without: { type: 'string', multiple: true },
    probe: { type: 'boolean' },
    faults: { type: 'string', multiple: true },
    known: { type: 'string' },
    accept: { type: 'boolean' },
    save: { type: 'string' },
    erase: { type: 'boolean' },
    json: { type: 'boolean' },
    ...daemonOptions,
    'check-determinism': { type: 'boolean' },
    ...consistencyOptions,
    ...crashOptions,
    help: { type: 'boolean', short: 'h' },
  });
  if (values.help) {
    console.log(help);
    return exitCode.nothingFound;
  }
  const [word] = positionals;
  if (positionals.length !== (values.daemon === undefined ? 1 : 0))
    throw new UsageError(
      `check: expected one target (${targetNames.join(', ')}), or --daemon CMD and no target, given ${positionals.join(' ') || 'none'}`,
    );
  if (values.consistency === undefined) refuseWithoutConsistency(values);
  if (!values.crashes) refuseWithoutCrashes(values);
  refuseThreads(values);
  if (values.erase && !isNfsUrl(word)) throw new UsageError('--erase: goes with nfs://HOST/EXPORT?port=P');
  if (values.accept && values.known === undefined)
    throw new UsageError('--accept: expected --known FILE, the file to add to');
  const runs = values.runs === undefined ? undefined : wholeNumber('runs', values.runs, 1, Number.MAX_SAFE_INTEGER);
  const time = values.time === undefined ? undefined : duration('time', values.time);
  const seed =
    values.seed === undefined
      ? crypto.getRandomValues(new Uint32Array(1))[0]
      : wholeNumber('seed', values.seed, 0, MAX_SEED);
  const without = (values.without ?? []).flatMap((list) => list.split(',')).filter((name) => name !== '');
  const excluded = without.map((name) => capabilityNamed('--without', name));
  const asked = values.faults === undefined ? undefined : faultChoice(values.faults);
  if (asked !== undefined && (values.consistency !== undefined || values['check-determinism']))
    throw new UsageError('--faults: expected without --consistency and --check-determinism');
  const calls = values.calls === undefined ? undefined : wholeNumber('calls', values.calls, 1, Number.MAX_SAFE_INTEGER);
  const known = values.known === undefined ? [] : readKnown(values.known, values.accept === true);
  const say = values.json ? () => {} : console.log;

  const folder = new CounterexampleFolder(values.save, (line) => console.error(`estale: ${line}`));
  if (values.crashes) {
    if (word === undefined) throw new UsageError('--crashes: expected a filesystem of ours, given a daemon');
    const interrupt = listenForInterrupt();
    const limited = { seed, runs, time: time ?? (runs === undefined ? DEFAULT_TIME : undefined) };
    const how = { json: values.json === true, signal: interrupt.signal, folder, without: excluded };
    return runCrashes(word, values, limited, how).finally(() => interrupt.stop());
  }
  // With --consistency the mount options are those of the simulated kernels.
  const ofDaemon = values.consistency === undefined ? values : { ...values, options: undefined };
  const {
    target: opened,
    probe: unknown,
    threads: possible,
    close,
  } = daemonNamed('check', ofDaemon) ?? (await openTarget(word, values.erase));
  const interrupt = listenForInterrupt();
  try {
    const threads = threadsFor(opened, possible, values);
    const faults = asked && faultsFor(opened, asked);
    const probed = values.probe || unknown ? await probedCapabilities(opened, threads, say) : [];
    const target: Target = { ...opened, without: new Set([...opened.without, ...excluded, ...probed]) };
    const { consistency } = values;
    if (consistency !== undefined) {
      const limited = { seed, runs, time: time ?? (runs === undefined ? DEFAULT_TIME : undefined) };
      const how = { json: values.json === true, signal: interrupt.signal, folder };
      return await runConsistency(target, { ...values, consistency }, limited, how);
    }
    if (values['check-determinism']) {
      const { signal } = interrupt;
      const limited = { seed, runs, time: time ?? (runs === undefined ? DEFAULT_TIME : undefined), signal };
      const twice = await checkDeterminism(target, { ...limited, now: () => performance.now(), yield: () => turn() });
      console.log(values.json ? JSON.stringify(twice, undefined, 2) : showDeterminism(twice));
      return twice.difference === undefined ? exitCode.nothingFound : exitCode.found;
    }
    say(`checking ${target.name}, seed ${seed}${showWithout(target)}`);
    const saved = new Map<Finding, string>();
    const kinds = new Set<string>();
    const endless = runs === undefined && calls === undefined;
    const limits = { seed, runs, calls, time: time ?? (endless ? DEFAULT_TIME : undefined), known, faults };
    const report = await runCampaign(
      target,
      limits,
      interrupt.signal,
      (finding) => {
        const path = folder.save(target, finding);
        if (path !== undefined) saved.set(finding, path);
        const where = path === undefined ? '' : `\nsaved: ${path}`;
        const { kind = finding.signature } = finding;
        // The first of a kind stands for the others, which tell the same mistake by other calls.
        if (kinds.has(kind)) say(`\nlike an earlier one: ${finding.signature}${where}`);
        else say(`\n${showFinding(finding)}${where}`);
        kinds.add(kind);
      },
      threads,
    );
    if (values.json) console.log(JSON.stringify(reportAsJson(report, saved), undefined, 2));
    for (const { signature } of report.known) say(`known: ${signature}`);
    say(`\n${showReport(report)}${interrupt.signal.aborted ? ' (interrupted)' : ''}`);
    if (report.isSpent)
      say('ended: what a program made cannot be removed, and the next one would meet it; empty it by hand');
    if (report.faults !== undefined) for (const line of showFaults(report.faults)) say(line);
    if (saved.size > 0) say(`again: estale replay ${[...saved.values()][0]} -v`);
    if (values.accept && values.known !== undefined) accept(values.known, known, report);
    if (report.findings.some(isNotLive)) return exitCode.notLive;
    return report.findings.length > 0 ? exitCode.found : exitCode.nothingFound;
  } catch (error) {
    if (error instanceof DaemonCommandError) throw new UsageError(`check: ${error.message}`);
    if (error instanceof UsageError || !(error instanceof Error)) throw error;
    throw new UsageError(`check: ${opened.name} could not be checked: ${error.stack}`);
  } finally {
    await close();
    interrupt.stop();
  }
}

/** @throws UsageError where --jobs or --patience is given with what runs programs in another way */
function refuseThreads(values: {
  readonly jobs?: string;
  readonly patience?: string;
  readonly consistency?: string;
  readonly crashes?: boolean;
  readonly 'check-determinism'?: boolean;
}): void {
  const others = (['consistency', 'crashes', 'check-determinism'] as const).filter((name) => values[name]);
  for (const name of ['jobs', 'patience'] as const)
    if (values[name] !== undefined && others.length > 0)
      throw new UsageError(`--${name}: expected without --${others[0]}, which uses this thread alone`);
}

/** The threads that a target is checked in; undefined: this one alone. @throws UsageError where it cannot be in those that are wanted */
function threadsFor(
  target: Target,
  threads: OpenTarget['threads'],
  values: { readonly jobs?: string; readonly patience?: string },
): CampaignThreads | undefined {
  const patience = patienceFor(target, threads, values.patience);
  const jobs = values.jobs === undefined ? threads?.jobs : wholeNumber('jobs', values.jobs, 1, MOST_JOBS);
  if (threads !== undefined) return { source: threads.source, jobs: jobs ?? threads.jobs, patience };
  if (jobs !== undefined && jobs > 1) throw refusedInThreads(`--jobs ${jobs}`, target);
  return undefined;
}

async function probedCapabilities(
  target: Target,
  threads: CampaignThreads | undefined,
  say: (line: string) => void,
): Promise<readonly Capability[]> {
  const all = await (threads === undefined
    ? probe(target)
    : probeInThread(threads.source, { patience: threads.patience, onProblem: tellProblem }));
  const missing = all.filter(({ capability }) => !target.without.has(capability));
  for (const { capability, reason } of missing) say(`${target.name} has no ${capabilities[capability]}: ${reason}`);
  return missing.map(({ capability }) => capability);
}

function showWithout({ without }: Target): string {
  return without.size === 0 ? '' : `, without ${[...without].join(', ')}`;
}

function readKnown(path: string, mayBeMissing: boolean): readonly KnownDivergence[] {
  if (!existsSync(path)) {
    if (mayBeMissing) return [];
    throw new UsageError(`--known: ${path}: no such file; --accept makes it`);
  }
  try {
    return knownFromText(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new UsageError(`--known: ${path}: ${whyUnread(error)}`);
  }
}

function accept(path: string, known: readonly KnownDivergence[], { findings }: Report): void {
  const added = findings.map(({ signature, program }) => ({ signature, note: showScript(program).split('\n').at(-1) }));
  writeFileSync(path, knownToText([...known, ...added]));
}

function reportAsJson(report: Report, saved: ReadonlyMap<Finding, string>): unknown {
  const finding = (item: Finding) => ({
    ...item,
    program: programToJson(item.program),
    script: showScript(item.program).split('\n'),
    saved: saved.get(item),
  });
  return { ...report, findings: report.findings.map(finding), known: report.known.map(finding) };
}
