import { caughtAsJson } from './caught.ts';
import { type Hunted, isCaught, isShort } from './zoo.ts';

const seconds = (milliseconds: number | undefined): string =>
  milliseconds === undefined ? '-' : (milliseconds / 1000).toFixed(1);

const headings = ['bug', 'host', 'found', 'CPU s', 'programs', 'calls'] as const;

const cells = ({ bug, found, seeds, milliseconds, programs, steps }: Hunted): readonly string[] => [
  bug.name,
  bug.host,
  `${found}/${seeds}`,
  seconds(milliseconds),
  `${programs ?? '-'}`,
  `${steps ?? '-'}`,
];

const widths = [38, 10, 6, 6, 9, 6] as const;

const line = (words: readonly string[]): string =>
  words
    .map((word, i) => (i < 2 ? word.padEnd(widths[i]) : word.padStart(widths[i])))
    .join(' ')
    .trimEnd();

/** The line above those of the bugs. */
export const tableHead = (): string => line(headings);

/** A line for a bug, and below it what kept it from being found. */
export function tableRow(hunted: Hunted): string {
  const problems = isCaught(hunted) ? [] : hunted.problems.map((problem) => `    ${problem}`);
  return [line(cells(hunted)), ...problems].join('\n');
}

/** What all of them come to. */
export function tableFoot(results: readonly Hunted[]): string {
  const caught = results.filter(isCaught).length;
  const slowest = Math.max(0, ...results.map(({ milliseconds }) => milliseconds ?? 0));
  const longest = Math.max(0, ...results.map(({ steps }) => steps ?? 0));
  const long = results.filter((hunted) => !isShort(hunted)).map(({ bug }) => bug.name);
  const toShrink = long.length === 0 ? '' : `; programs longer than they are to be: ${long.join(', ')}`;
  return `${caught} of ${results.length} bugs found; the slowest takes ${seconds(slowest)} CPU s, the longest program has ${longest} calls (medians of the seeds)${toShrink}`;
}

/** The same as data, with the programs. */
export function tableAsJson(results: readonly Hunted[]): unknown {
  return results.map((hunted) => {
    const { bug, found, seeds, milliseconds, programs, steps, mostSteps, problems, catches } = hunted;
    const { name, host, target, needs, summary, source, longer } = bug;
    return {
      ...{ name, host, target, needs, summary, source, longer },
      ...{ caught: isCaught(hunted), found, seeds, milliseconds, programs, steps, mostSteps, problems },
      catches: catches.map(({ caught, ...rest }) => ({ ...rest, ...(caught && { found: caughtAsJson(caught) }) })),
    };
  });
}
