import { readFileSync } from 'node:fs';
import {
  type Counterexample,
  counterexampleFromText,
  isLeak,
  isNotLive,
  PATIENCE,
  type Program,
  type Ran,
  replayInThread,
  showFinding,
  signatureOf,
  simulatedFileSystems,
  type Target,
  type ThreadReplayOptions,
} from '../../check/index.ts';
import { openArena } from '../../check/replay.ts';
import { runProgram } from '../../check/runner.ts';
import { tellingTarget } from '../../check/telling-target.ts';
import { showUnfired } from '../../fault/index.ts';
import { daemonHelp, daemonNamed, daemonOptions, openDaemon } from '../daemon.ts';
import { faultsFor } from '../faults.ts';
import { readPlan } from '../plan.ts';
import { tellProblem } from '../progress.ts';
import { replayTraceFile } from '../replay-trace.ts';
import { type OpenTarget, openTarget, patienceFor, targetNames } from '../targets.ts';
import { looksLikeTrace } from '../trace-file.ts';
import { exitCode, oneFile, parseOptions, UsageError, whyUnread } from '../usage.ts';
import { isConcurrent, replayConcurrent } from './replay-concurrent.ts';
import { isCrash, replayCrash } from './replay-crash.ts';

const help = `estale replay <file> [options]

Runs a saved counterexample again and says whether it still fails; or feeds the requests of a trace to a filesystem in the
simulator and compares what it answers. The file itself says which of the two it is; - is a trace on standard input.

  --on TARGET       another target than the one in the file (${targetNames.join(', ')};
                    for traces: ${Object.keys(simulatedFileSystems).join(', ')}, ./module.js)
${daemonHelp}
  -v, --verbose     counterexamples: show each call with its result, and the FUSE requests and replies below it
  --faults PLAN     counterexamples: injects the faults of a plan (docs/faults.md) instead of those that are part of it, if
                    any; they are shown with -v
  --patience T      counterexamples: a call that does not come back for so long does not end (default ${PATIENCE / 1000}s)
  --hex             traces: the bytes of what differs
  --ignore A,B      traces: fields of replies that may differ, by the protocol's names, such as blksize,blocks

Exit code: 0 it does not fail any more, or every reply is the recorded one; 1 it still fails, or one differs; 2 usage error; 3 its calls
still do not end.`;

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseOptions('replay', args, {
    on: { type: 'string' },
    verbose: { type: 'boolean', short: 'v' },
    hex: { type: 'boolean' },
    ignore: { type: 'string', multiple: true },
    faults: { type: 'string' },
    patience: { type: 'string' },
    ...daemonOptions,
    help: { type: 'boolean', short: 'h' },
  });
  if (values.help) {
    console.log(help);
    return exitCode.nothingFound;
  }
  const path = oneFile('replay', positionals);
  if (isTraceFile(path)) {
    if (values.verbose)
      throw new UsageError('replay: --verbose: expected a counterexample, given a trace; see estale trace');
    if (values.faults !== undefined) throw new UsageError('replay: --faults: expected a counterexample, given a trace');
    const ignore = new Set((values.ignore ?? []).flatMap((list) => list.split(',')));
    const on = values.daemon === undefined ? values.on : `daemon:${values.daemon}`;
    return replayTraceFile(path, { on, setup: values['daemon-setup'], hex: values.hex ?? false, ignore });
  }
  if (values.hex || values.ignore)
    throw new UsageError('replay: --hex, --ignore: expected a trace, given a counterexample');
  const text = readText(path);
  if (isConcurrent(text)) return replayConcurrent(path, text, values.on, values.verbose === true);
  if (isCrash(text)) return replayCrash(path, text, values.on);
  const counterexample = readCounterexample(path, text);
  if (isLeak(counterexample))
    throw new UsageError(
      `replay: ${path}: expected a call that answers wrongly, given a leak; run its test again: ESTALE_REPLAY=${path} npx vitest run`,
    );
  const plan = values.faults === undefined ? undefined : readPlan(values.faults);
  const word = values.on ?? counterexample.target;
  const daemon = daemonNamed('replay', values) ?? daemonOf(values.on, counterexample);
  const { target, threads, close } = daemon ?? (await openTarget(word));
  try {
    // Another target has conditions of its own.
    const conditions = values.on === undefined && values.daemon === undefined ? counterexample.conditions : undefined;
    const faults = plan === undefined ? counterexample.conditions?.faults : { plan };
    if (faults !== undefined) faultsFor(target, faults);
    const patience = patienceFor(target, threads, values.patience);
    const onLine = values.verbose ? console.log : undefined;
    const how = { conditions, faults, patience, onLine };
    const { failure, rules } = await (threads === undefined
      ? replayHere(target, counterexample.program, how)
      : replayInThread(threads.source, counterexample.program, { ...how, onProblem: tellProblem }));
    for (const line of showUnfired(rules)) console.log(line);
    if (failure === undefined) {
      console.log(`${target.name} does not fail: ${counterexample.signature}`);
      return exitCode.nothingFound;
    }
    const { expected, actual } = failure.divergence;
    if (values.verbose) console.log('');
    console.log(showFinding({ ...counterexample, program: failure.program, expected, actual }));
    const signature = signatureOf(failure);
    console.log(`\n${target.name} ${isNotLive({ signature }) ? 'still does not end' : 'still fails'}`);
    return isNotLive({ signature }) ? exitCode.notLive : exitCode.found;
  } finally {
    await close();
  }
}

/** As `replayInThread`, for what other threads cannot make. */
async function replayHere(
  target: Target,
  program: Program,
  { conditions, faults, onLine }: ThreadReplayOptions,
): Promise<Pick<Ran, 'failure' | 'rules'>> {
  const arena = await openArena(target, conditions);
  const on = onLine === undefined ? arena.target : tellingTarget(arena.target, onLine);
  const { failure, faults: came } = await runProgram({ ...arena, faults, target: on }, program);
  return { failure, rules: came?.report ?? [] };
}

function isTraceFile(path: string): boolean {
  try {
    return looksLikeTrace(path);
  } catch (error) {
    throw new UsageError(`replay: ${path}: ${whyUnread(error)}`);
  }
}

/** The daemon that a counterexample is about, unless another target is asked for. */
const daemonOf = (on: string | undefined, { daemon }: Counterexample): OpenTarget | undefined =>
  on === undefined && daemon !== undefined ? openDaemon(daemon) : undefined;

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`replay: ${path}: ${whyUnread(error)}`);
  }
}

function readCounterexample(path: string, text: string): Counterexample {
  try {
    return counterexampleFromText(text);
  } catch (error) {
    throw new UsageError(`replay: ${path}: ${whyUnread(error)}`);
  }
}
