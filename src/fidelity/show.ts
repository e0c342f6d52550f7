import type { Difference } from './compare/difference.ts';
import type { Waited } from './compare/stream.ts';

/** A difference for people: where, whose, and what either side did. */
export function showDifference({ script, configuration, blame, in: part, real, simulated }: Difference): string {
  return `${script} (${configuration}): ${blame}, ${part}\n  real       ${real}\n  simulated  ${simulated}`;
}

/** Both streams of a script beside each other, decoded, below the calls that asked for them (as the simulated kernel has it). */
export function showStreams({ realRun, simulatedRun }: Difference): string {
  const line = ({ text, answer }: Waited): string => `${text} -> ${answer}`;
  const calls = realRun.outcomes.map(({ call, result }, i) => {
    const other = simulatedRun.outcomes[i]?.result ?? '(nothing)';
    return other === result ? `${call}: ${result}` : `${call}: real ${result}; simulated ${other}`;
  });
  let shown = 0;
  const lines: string[] = [];
  const show = (until: number): void => {
    for (; shown < until; shown++) lines.push(calls[shown] ?? '(the end)');
  };
  for (const { where, text, index } of aligned(realRun.waited.map(line), simulatedRun.waited.map(line))) {
    if (where !== 'real') show((simulatedRun.waited[index].call ?? calls.length) + 1);
    lines.push(`  ${where.padEnd(11)}${text}`);
  }
  show(calls.length);
  for (const { where, text } of aligned(realRun.released, simulatedRun.released))
    lines.push(`  ${where.padEnd(11)}${text}`);
  return lines.join('\n');
}

interface Line {
  readonly where: 'both' | 'real' | 'simulated';
  readonly text: string;
  /** Its place in the simulated stream, or in the real one. */
  readonly index: number;
}

/** The lines of both in one list: a longest common subsequence is `both`. */
function aligned(real: readonly string[], simulated: readonly string[]): Line[] {
  const common = Array.from({ length: real.length + 1 }, () => new Uint32Array(simulated.length + 1));
  for (let i = real.length - 1; i >= 0; i--)
    for (let j = simulated.length - 1; j >= 0; j--)
      common[i][j] = real[i] === simulated[j] ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1]);
  const lines: Line[] = [];
  let [i, j] = [0, 0];
  while (i < real.length || j < simulated.length) {
    if (i < real.length && j < simulated.length && real[i] === simulated[j]) {
      lines.push({ where: 'both', text: real[i++], index: j++ });
    } else if (j === simulated.length || (i < real.length && common[i + 1][j] >= common[i][j + 1]))
      lines.push({ where: 'real', text: real[i], index: i++ });
    else lines.push({ where: 'simulated', text: simulated[j], index: j++ });
  }
  return lines;
}
