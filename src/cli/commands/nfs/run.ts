import {
  resultAsJson,
  runScenario,
  type Scenario,
  type ScenarioResult,
  scenarios,
  showResult,
  tableHead,
  tableRow,
} from '../../../scenarios/index.ts';
import { didYouMean } from '../../../vfs/index.ts';
import { exitCode, parseOptions, UsageError, wholeNumber } from '../../usage.ts';

const help = `estale nfs run <id...|all> [options]

Runs failures of the catalogue: the program with the fault, and again with the remedy. A failure is shown where its fault struck, the
program saw the symptom, and with the same fault and the remedy it did not.

  --seed N          decides every draw (default 1)
  --json            as JSON

Exit code: 0 all shown, 1 not, 2 usage error.`;

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseOptions('nfs run', args, {
    seed: { type: 'string' },
    json: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  });
  if (values.help) {
    console.log(help);
    return exitCode.nothingFound;
  }
  if (positionals.length === 0)
    throw new UsageError('nfs run: expected the id of a failure, or all; "estale nfs list" tells them');
  const all = positionals.includes('all');
  const chosen = all ? scenarios : positionals.map(scenarioNamed);
  const seed = values.seed === undefined ? 1 : wholeNumber('seed', values.seed, 0, 0xffffffff);
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

function scenarioNamed(id: string): Scenario {
  const scenario = scenarios.find((each) => each.id === id);
  if (scenario !== undefined) return scenario;
  const ids = scenarios.map((each) => each.id);
  throw new UsageError(`nfs run: no failure "${id}"${didYouMean(id, ids)}; "estale nfs list" tells them`);
}
