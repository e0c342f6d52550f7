import { release } from 'node:os';
import { KernelFailure } from '../../check/kernel-failure.ts';
import {
  type Case,
  type CompareOptions,
  type Configuration,
  type ConfigurationName,
  compareKernels,
  configurationNames,
  corpus,
  corpusCases,
  type Difference,
  daemonCases,
  daemonConfiguration,
  daemonSides,
  generatedCases,
  isPinned,
  PINNED,
  type Report,
  showDifference,
  showStreams,
} from '../../fidelity/index.ts';
import { MountError } from '../../mount/index.ts';
import { didYouMean } from '../../vfs/index.ts';
import { daemonSource, refuseWithoutDaemon } from '../daemon.ts';
import { listenForInterrupt } from '../interrupt.ts';
import { exitCode, parseOptions, UsageError, wholeNumber } from '../usage.ts';

/** Hundredths of the generated scripts in which the kernels must not differ. */
const GENERATED_GOAL = 99;
const MAX_SEED = 2 ** 32 - 1;
const DEFAULT_SEED = 2004;

const help = `estale fidelity [options]

Runs scripts of system calls on the simulated kernel and, through a real FUSE mount, on the host's, and compares the requests
that the two send: opcodes, nodes, flags, sizes, offsets, names and order. What is left out of the comparison, and why, is
in docs/fidelity.md. Needs root and /dev/fuse. Linux ${PINNED} is what is simulated: another kernel is reported on only.

  --generated N     N scripts of the generator of \`check\`, too
  --seed N          where these start (default ${DEFAULT_SEED}); the same seed gives the same scripts
  --script NAME     only this script, such as "rename" or "generated 17" (may be given several times)
  --config NAME     only under this configuration (may be given several times):
                    ${configurationNames.slice(0, 8).join(' ')} ...
  --daemon CMD      a foreign FUSE daemon behind both kernels instead of our filesystem: its command line with {fuse} where
                    the mount point stands, as estale check takes it. It decides what is cached: there is one
                    configuration, and scripts that tell the filesystem what to do are left out
  --daemon-setup C  a shell command that makes what it starts from
  --json            print percent, scripts and differences as JSON
  -v                for each difference, both streams of requests, decoded

Exit code: 0 all of the corpus and ${GENERATED_GOAL} % of the generated scripts are the same (or another kernel), 1 not so,
2 usage error, or there can be no mount. With --daemon: 0 compared, whatever came of it, 1 the daemon ended meanwhile.`;

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseOptions('fidelity', args, {
    generated: { type: 'string' },
    seed: { type: 'string' },
    script: { type: 'string', multiple: true },
    config: { type: 'string', multiple: true },
    daemon: { type: 'string' },
    'daemon-setup': { type: 'string' },
    json: { type: 'boolean' },
    verbose: { type: 'boolean', short: 'v' },
    help: { type: 'boolean', short: 'h' },
  });
  if (values.help) {
    console.log(help);
    return exitCode.nothingFound;
  }
  if (positionals.length > 0) throw new UsageError(`fidelity: expected options only, given ${positionals.join(' ')}`);
  const count = values.generated === undefined ? 0 : wholeNumber('generated', values.generated, 1, 1_000_000);
  const seed = values.seed === undefined ? DEFAULT_SEED : wholeNumber('seed', values.seed, 0, MAX_SEED);
  const { daemon, 'daemon-setup': setup } = values;
  if (daemon === undefined) refuseWithoutDaemon('fidelity', { 'daemon-setup': setup });
  else if (values.config !== undefined)
    throw new UsageError('fidelity: --config is of our own filesystem; with --daemon there is one configuration');
  const cases = {
    corpus:
      daemon === undefined
        ? corpusCases(named(values.script), configurations(values.config))
        : daemonCases(named(values.script)),
    generated: chosen(
      seed,
      count,
      values.script,
      values.config,
      daemon === undefined ? undefined : daemonConfiguration,
    ),
  };
  if (cases.corpus.length + cases.generated.length === 0) throw nothingToRun(values.script ?? []);

  const source = daemon === undefined ? undefined : daemonSource(daemon, setup);
  const interrupt = listenForInterrupt();
  const say = values.json ? () => {} : console.log;
  const onDifference = (difference: Difference): void => {
    say(`\n${showDifference(difference)}`);
    if (values.verbose) say(showStreams(difference));
  };
  try {
    const kernel = release();
    const pinned = isPinned(kernel);
    say(
      `the simulated kernel against Linux ${kernel}${pinned ? '' : ` (what is simulated is ${PINNED})`}, seed ${seed}`,
    );
    const options: CompareOptions = {
      signal: interrupt.signal,
      onDifference,
      ...(source && { sides: daemonSides(source) }),
    };
    const report = {
      corpus: await compareKernels(cases.corpus, options),
      generated: await compareKernels(cases.generated, options),
    };
    if (values.json) console.log(JSON.stringify(asJson(kernel, seed, report), undefined, 2));
    for (const [what, part] of Object.entries(report)) if (part.scripts > 0) say(`\n${showReport(what, part)}`);
    const good = report.corpus.percent === 100 && report.generated.percent >= GENERATED_GOAL;
    return good || !pinned || source !== undefined ? exitCode.nothingFound : exitCode.found;
  } catch (error) {
    if (error instanceof MountError) throw new UsageError(`fidelity: ${error.message}`);
    if (error instanceof KernelFailure) {
      console.error(`estale: fidelity: ${error.difference}: ${error.message}`);
      return exitCode.found;
    }
    throw error;
  } finally {
    interrupt.stop();
    await source?.close();
  }
}

const named = (names: readonly string[] | undefined): ReadonlySet<string> | undefined => names && new Set(names);

function configurations(names: readonly string[] | undefined): ReadonlySet<string> | undefined {
  for (const name of names ?? [])
    if (!configurationNames.includes(name as ConfigurationName))
      throw new UsageError(
        `--config: expected a configuration, given "${name}"${didYouMean(name, configurationNames)}; there are: ${configurationNames.join(' ')}`,
      );
  return named(names);
}

const GENERATED = /^generated (\d+)$/;

/** The generated scripts that are asked for: by their number, or the first ones. */
function chosen(
  seed: number,
  count: number,
  scripts: readonly string[] | undefined,
  configs: readonly string[] | undefined,
  given: Configuration | undefined,
): readonly Case[] {
  const numbers = scripts?.flatMap((name) => (GENERATED.test(name) ? [Number(GENERATED.exec(name)?.[1])] : []));
  const most = numbers === undefined ? count : Math.max(0, ...numbers.map((number) => number + 1));
  return generatedCases(seed, most, given).filter(
    ({ configuration }, i) => (numbers?.includes(i) ?? true) && (configs?.includes(configuration.name) ?? true),
  );
}

function nothingToRun(scripts: readonly string[]): UsageError {
  const names = corpus.flatMap((group) => Object.keys(group.scripts));
  const unknown = scripts.find((name) => !names.includes(name) && !GENERATED.test(name));
  return new UsageError(
    unknown === undefined
      ? 'fidelity: no script runs under that configuration'
      : `--script: no script "${unknown}"${didYouMean(unknown, names)}; there are: ${names.join(', ')}`,
  );
}

function showReport(what: string, { scripts, percent, differences, unsteady }: Report): string {
  const again = unsteady.length === 0 ? '' : `, ${unsteady.length} of them when they were run again`;
  return `${what}: ${percent.toFixed(2)} % of ${scripts} scripts are the same${again}; ${differences.length} differ`;
}

function asJson(kernel: string, seed: number, parts: Readonly<Record<'corpus' | 'generated', Report>>): unknown {
  const { corpus: listed, generated } = parts;
  const scripts = listed.scripts + generated.scripts;
  const all = [...listed.differences, ...generated.differences];
  const summary = ({ scripts: count, percent, unsteady }: Report) => ({ scripts: count, percent, unsteady });
  return {
    ...{ kernel, pinned: PINNED, seed, scripts },
    percent: scripts === 0 ? 100 : (100 * (scripts - all.length)) / scripts,
    ...{ corpus: summary(listed), generated: summary(generated) },
    differences: all.map(({ realRun: _, simulatedRun: __, ...difference }) => difference),
  };
}
