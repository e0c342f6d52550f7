import {
  findAtRandom,
  hasRandomForm,
  resultAsJson,
  runScenario,
  type Scenario,
  type ScenarioResult,
  scenarios,
  showRandomFinding,
  showResult,
  tableHead,
  tableRow,
} from '../../../scenarios/index.ts';
import { didYouMean } from '../../../vfs/index.ts';
import { duration, exitCode, parseOptions, UsageError, wholeNumber } from '../../usage.ts';

const help = `estale nfs run <id...|all> [options]

Runs failures of the catalogue: the program with the fault, and again with the remedy. A failure is shown where its fault struck, the
program saw the symptom, and with the same fault and the remedy it did not.

  --seed N          decides every draw (default 1)
  --json            as JSON
  --random          instead of its own program, look for one among random ones that meets the failure, and make it small;
                    without the remedy, with the same faults, one of its calls comes to something else
  --time T          how long to look for each (default 30s)

Exit code: 0 all shown, 1 not, 2 usage error.`;

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseOptions('nfs run', args, {
    seed: { type: 'string' },
    json: { type: 'boolean' },
    random: { type: 'boolean' },
    time: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  });
  if (values.help) {
    console.log(help);
    return exitCode.nothingFound;
  }
  if (positionals.length === 0)
    throw new UsageError('nfs run: expected the id of a failure, or all; "estale nfs list" tells them');
  const all = positionals.includes('all');
  const chosen = all ? scenarios : positionals.map((id) => scenarioNamed('nfs run', id));
  const seed = values.seed === undefined ? 1 : wholeNumber('seed', values.seed, 0, 0xffffffff);
  if (values.random) return search(chosen, all, seed, duration('time', values.time ?? '30s'));
  if (values.time !== undefined) throw new UsageError('nfs run: --time goes with --random');
  const show = all ? tableRow : showResult;
  if (all && !values.json) console.log(tableHead());
  const results: ScenarioResult[] = [];
  for (const scenario of chosen) {
    const result = await runScenario(scenario, { seed });
    results.push(result);
    if (!values.json) console.log(show(result));
  }
  const shown = results.filter(({ verdict }) => verdict.kind === 'shown').length;
  if (values.json) console.log(JSON.stringify(results.map(resultAsJson), undefined, 2));
  else if (all) console.log(`\n${shown} of ${results.length} shown`);
  return shown === results.length ? exitCode.nothingFound : exitCode.found;
}

async function search(chosen: readonly Scenario[], all: boolean, seed: number, time: number): Promise<number> {
  let missed = 0;
  for (const scenario of chosen) {
    if (!hasRandomForm(scenario)) {
      if (!all) throw new UsageError(`nfs run: there are no random programs for "${scenario.id}", which has no oracle`);
      continue;
    }
    const found = await findAtRandom(scenario, { seed, time });
    if (found === undefined) missed++;
    console.log(found === undefined ? `${scenario.row}  ${scenario.id}: NOT FOUND` : `${showRandomFinding(found)}\n`);
  }
  return missed === 0 ? exitCode.nothingFound : exitCode.found;
}

/** The failure of an id. */
export function scenarioNamed(command: string, id: string): Scenario {
  const scenario = scenarios.find((each) => each.id === id);
  if (scenario !== undefined) return scenario;
  const ids = scenarios.map((each) => each.id);
  throw new UsageError(`${command}: no failure "${id}"${didYouMean(id, ids)}; "estale nfs list" tells them`);
}
