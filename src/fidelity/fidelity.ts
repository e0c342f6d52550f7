import { compareRuns, type Difference } from './compare/difference.ts';
import { type Configuration, configuration, configurationNames } from './configurations.ts';
import { corpus } from './corpus/index.ts';
import { realSide } from './real-side.ts';
import { runScripts, type ScriptRun, type SideRun } from './run.ts';
import { readScript, type Script } from './script.ts';
import type { Side } from './side.ts';
import { simulatedSide } from './simulated-side.ts';

/** A script and a configuration that it runs under. */
export interface Case {
  readonly script: Script;
  readonly configuration: Configuration;
  /** Cases of one mount share it. */
  readonly mount: string;
}

/** How the two kernels are had: any filesystem that obeys scripts may stand behind them. */
export interface Sides {
  readonly real: (configuration: Configuration) => Promise<Side>;
  readonly simulated: (configuration: Configuration) => Promise<Side>;
}

export interface Report {
  /** Scripts, one in each of its configurations, that were compared. */
  readonly scripts: number;
  /** Of those, in how many hundredths the sides did not differ. */
  readonly percent: number;
  readonly differences: readonly Difference[];
  /** Scripts that differed at first and not when they were run again. */
  readonly unsteady: readonly string[];
}

export interface CompareOptions {
  readonly sides?: Sides;
  readonly signal?: AbortSignal;
  readonly onDifference?: (difference: Difference) => void;
  readonly onProgress?: (done: number, of: number) => void;
}

export const ownSides: Sides = { real: (given) => realSide(given), simulated: (given) => simulatedSide(given) };

/** Every script of the corpus in each of its configurations, or those that are named. */
export function corpusCases(scripts?: ReadonlySet<string>, configurations?: ReadonlySet<string>): readonly Case[] {
  return configurationNames
    .filter((name) => configurations?.has(name) ?? true)
    .flatMap((name) =>
      corpus
        .filter((group) => group.configurations.includes(name))
        .flatMap((group) => Object.entries(group.scripts))
        .filter(([title]) => scripts?.has(title) ?? true)
        .map(([title, text]) => ({ script: readScript(title, text), configuration: configuration(name), mount: name })),
    );
}

/** Runs each script on the real and on the simulated kernel and compares what they came to. */
export async function compareKernels(cases: readonly Case[], options: CompareOptions = {}): Promise<Report> {
  const { sides = ownSides, signal, onDifference, onProgress } = options;
  const differences: Difference[] = [];
  const unsteady: string[] = [];
  let compared = 0;
  for (const batch of batches(cases)) {
    if (signal?.aborted) break;
    const { configuration: given } = batch[0];
    const scripts = batch.map(({ script }) => script);
    const found = await compareBatch(sides, given, scripts, signal);
    compared += found.compared;
    const differing = new Set(found.differences.map(({ script }) => script));
    const again =
      differing.size === 0
        ? []
        : (
            await compareBatch(
              sides,
              given,
              scripts.filter(({ name }) => differing.has(name)),
              signal,
            )
          ).differences;
    const still = signal?.aborted ? found.differences : again;
    for (const difference of still) {
      differing.delete(difference.script);
      differences.push(difference);
      onDifference?.(difference);
    }
    unsteady.push(...[...differing].map((name) => `${name} (${given.name})`));
    onProgress?.(compared, cases.length);
  }
  const same = compared - differences.length;
  return { scripts: compared, percent: compared === 0 ? 100 : (100 * same) / compared, differences, unsteady };
}

/** The cases of each mount. */
function batches(cases: readonly Case[]): readonly (readonly Case[])[] {
  const byMount = new Map<string, Case[]>();
  for (const item of cases) {
    const batch = byMount.get(item.mount);
    if (batch === undefined) byMount.set(item.mount, [item]);
    else batch.push(item);
  }
  return [...byMount.values()];
}

interface Compared {
  readonly compared: number;
  readonly differences: readonly Difference[];
}

const MOUNT = '(mount)';

async function compareBatch(
  { real, simulated }: Sides,
  given: Configuration,
  scripts: readonly Script[],
  signal: AbortSignal | undefined,
): Promise<Compared> {
  const expected = await onSide(real, given, scripts, signal);
  const actual = await onSide(simulated, given, scripts, signal);
  const differences: Difference[] = [];
  const compare = (script: string, realRun: ScriptRun, simulatedRun: ScriptRun): void => {
    const found = compareRuns(realRun, simulatedRun);
    if (found !== undefined) differences.push({ script, configuration: given.name, ...found, realRun, simulatedRun });
  };
  compare(MOUNT, { ...expected.init, outcomes: [] }, { ...actual.init, outcomes: [] });
  const compared = Math.min(expected.scripts.length, actual.scripts.length);
  for (let i = 0; i < compared; i++) compare(scripts[i].name, expected.scripts[i], actual.scripts[i]);
  return { compared: compared + 1, differences };
}

async function onSide(
  open: (configuration: Configuration) => Promise<Side>,
  given: Configuration,
  scripts: readonly Script[],
  signal: AbortSignal | undefined,
): Promise<SideRun> {
  const side = await open(given);
  try {
    return await runScripts(side, given, scripts, signal);
  } finally {
    await side.close();
  }
}
