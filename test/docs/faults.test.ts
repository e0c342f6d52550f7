import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type FaultPlan, faultPlan, parsePlan, when } from '../../src/fault/index.ts';
import { wheres } from '../../src/fault/plan/plan.ts';
import { faultKinds } from '../../src/fault/plan/schema.ts';
import { simulateFaults } from '../../src/fault/simulation.ts';
import { ram } from '../../src/filesystems/index.ts';
import { root } from '../../src/vfs/index.ts';

const text = readFileSync(new URL('../../docs/faults.md', import.meta.url), 'utf8');
const blocks = (language: string): string[] =>
  [...text.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, block]) => block);
const rowsOf = (heading: string): string[][] => {
  const [, section] = text.split(`\n## ${heading}\n`);
  return [...section.split('\n## ')[0].matchAll(/^\| (`.*) \|$/gm)].map(([, row]) => row.split(' | '));
};
const words = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, word]) => word);

/** The plan that the TypeScript of the documentation makes. */
function built(): FaultPlan {
  const block = blocks('ts').find((code) => code.startsWith('const plan')) ?? '';
  return new Function('faultPlan', 'when', `${block} return plan;`)(faultPlan, when) as FaultPlan;
}

describe('docs/faults.md', () => {
  test('its plans can be read, and built', () => {
    const plans = blocks('yaml').map((block) => parsePlan(block));
    expect(plans.map(({ rules }) => rules.map(({ name }) => name))).toEqual([['full', 'bad sectors', 'slow disk']]);
    expect(built().rules).toMatchObject([{ name: 'full', when: { nth: 3 } }]);
  });

  test('the example of a simulation runs', () => {
    const block = blocks('ts').find((code) => code.startsWith('const sim')) ?? '';
    const names = ['simulateFaults', 'ram', 'root', 'plan'];
    const run = new Function(...names, `${block} return sim;`);
    const sim = run(simulateFaults, ram, root, built()) as ReturnType<typeof simulateFaults>;
    expect(sim.faults.report()).toMatchObject([{ rule: 'full', injected: 0 }]);
    expect(sim.injected).toEqual([]);
  });

  test('it names every place, and every fault at its places', () => {
    expect(rowsOf('Where').flatMap(([first]) => words(first))).toEqual([...wheres]);
    const documented = rowsOf('What').map(
      ([kind, where]) => `${words(kind)[0]}: ${where.split(', ').sort().join(', ')}`,
    );
    const kinds = [...new Set(wheres.flatMap((where) => faultKinds(where)))];
    const actual = kinds.map(
      (kind) =>
        `${kind}: ${wheres
          .filter((where) => faultKinds(where).includes(kind))
          .sort()
          .join(', ')}`,
    );
    expect(documented.sort()).toEqual(actual.sort());
  });

  test('it names every key of a condition', () => {
    const wrong = '{"rules":[{"name":"a","where":"clock","when":{"x":1},"what":{"kind":"jump","ms":1}}]}';
    const listed = /there are: (.*)/.exec(messageOf(() => parsePlan(wrong)))?.[1];
    expect(
      rowsOf('When')
        .flatMap(([first]) => words(first))
        .sort(),
    ).toEqual(listed?.split(', ').sort());
  });
});

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('expected an error');
}
