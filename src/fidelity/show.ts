import type { Difference } from './compare/difference.ts';

/** A difference for people: where, whose, and what either side did. */
export function showDifference({ script, configuration, blame, in: part, real, simulated }: Difference): string {
  return `${script} (${configuration}): ${blame}, ${part}\n  real       ${real}\n  simulated  ${simulated}`;
}

/** Both streams of a script beside each other, decoded, and what its calls gave. */
export function showStreams({ realRun, simulatedRun }: Difference): string {
  const results = realRun.outcomes.map(({ call, result }, i) => {
    const other = simulatedRun.outcomes[i]?.result ?? '(nothing)';
    return other === result
      ? `  both       ${call}: ${result}`
      : `  differ     ${call}: real ${result}; simulated ${other}`;
  });
  const line = ({ text, answer }: { text: string; answer: string }): string => `${text} -> ${answer}`;
  return [
    ...results,
    ...aligned(realRun.waited.map(line), simulatedRun.waited.map(line)),
    ...aligned(realRun.released, simulatedRun.released),
  ].join('\n');
}

/** The lines of both in one list: a longest common subsequence is `both`. */
function aligned(real: readonly string[], simulated: readonly string[]): string[] {
  const common = Array.from({ length: real.length + 1 }, () => new Uint32Array(simulated.length + 1));
  for (let i = real.length - 1; i >= 0; i--)
    for (let j = simulated.length - 1; j >= 0; j--)
      common[i][j] = real[i] === simulated[j] ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1]);
  const lines: string[] = [];
  let [i, j] = [0, 0];
  while (i < real.length || j < simulated.length) {
    if (i < real.length && j < simulated.length && real[i] === simulated[j]) {
      lines.push(`  both       ${real[i++]}`);
      j++;
    } else if (j === simulated.length || (i < real.length && common[i + 1][j] >= common[i][j + 1]))
      lines.push(`  real       ${real[i++]}`);
    else lines.push(`  simulated  ${simulated[j++]}`);
  }
  return lines;
}
