import type { ScriptRun } from '../run.ts';
import { handsTimesOn, type Waited } from './stream.ts';

/**
 * Who is to blame for a difference, as far as it shows by itself:
 * - `adapter`: the recording or the way to the host's kernel. A call has no result on the real side (the harness threw, or
 *   does not have it), or a message cannot be decoded.
 * - `kernel`: the simulated kernel asks for something else than the real one although it got the same answers, or it threw.
 * - `logic`: the requests are the same, and an answer of the filesystem or the result of a call is not.
 */
export type Blame = 'kernel' | 'adapter' | 'logic';

/** Where the two sides first differ. */
export interface Difference {
  readonly script: string;
  readonly configuration: string;
  readonly blame: Blame;
  /** What differs: a request, an answer, what was released, the result of a call. */
  readonly in: 'request' | 'answer' | 'released' | 'result';
  readonly real: string;
  readonly simulated: string;
  readonly realRun: ScriptRun;
  readonly simulatedRun: ScriptRun;
}

type Found = Pick<Difference, 'blame' | 'in' | 'real' | 'simulated'>;

const NOTHING = '(nothing)';

/** The first difference of two runs of one script; undefined where there is none. */
export function compareRuns(real: ScriptRun, simulated: ScriptRun): Found | undefined {
  return broken(real, simulated) ?? requests(real, simulated) ?? released(real, simulated) ?? results(real, simulated);
}

function broken(real: ScriptRun, simulated: ScriptRun): Found | undefined {
  for (const [i, outcome] of real.outcomes.entries()) {
    const other = simulated.outcomes[i];
    const differing = {
      in: 'result',
      real: `${outcome.call}: ${outcome.result}`,
      simulated: other?.result ?? NOTHING,
    } as const;
    if (outcome.broken || (outcome.result === 'ENOSYS' && other?.result !== 'ENOSYS'))
      return { blame: 'adapter', ...differing };
    if (other?.broken) return { blame: 'kernel', ...differing };
  }
  const undecoded = real.waited.find(({ text }) => text.startsWith('MALFORMED'));
  return undecoded && { blame: 'adapter', in: 'request', real: undecoded.text, simulated: NOTHING };
}

/** One side may have no times to hand on (see `tolerances.ts`). */
const isOptional = (request: Waited | undefined): boolean => request !== undefined && handsTimesOn(request);

function requests(real: ScriptRun, simulated: ScriptRun): Found | undefined {
  for (let [i, j] = [0, 0]; i < real.waited.length || j < simulated.waited.length; i++, j++) {
    const differ = (): boolean => real.waited[i]?.text !== simulated.waited[j]?.text;
    while (differ() && isOptional(real.waited[i])) i++;
    while (differ() && isOptional(simulated.waited[j])) j++;
    if (i === real.waited.length && j === simulated.waited.length) break;
    const [expected, actual] = [real.waited[i], simulated.waited[j]];
    if (expected?.text !== actual?.text)
      return { blame: 'kernel', in: 'request', real: expected?.text ?? NOTHING, simulated: actual?.text ?? NOTHING };
    // What it finds of the file's size and blocks depends on which pages have been written by then.
    if (expected.answer !== actual.answer && !isOptional(expected))
      return {
        blame: 'logic',
        in: 'answer',
        real: `${expected.text} -> ${expected.answer}`,
        simulated: `-> ${actual.answer}`,
      };
  }
  return undefined;
}

function released(real: ScriptRun, simulated: ScriptRun): Found | undefined {
  const only = (these: readonly string[], those: readonly string[]): string =>
    these.filter((line) => !those.includes(line)).join('; ') || NOTHING;
  if (real.released.join('\n') === simulated.released.join('\n')) return undefined;
  const [expected, actual] = [only(real.released, simulated.released), only(simulated.released, real.released)];
  return { blame: 'kernel', in: 'released', real: expected, simulated: actual };
}

function results(real: ScriptRun, simulated: ScriptRun): Found | undefined {
  for (const [i, { call, result }] of real.outcomes.entries()) {
    const other = simulated.outcomes[i]?.result ?? NOTHING;
    if (result !== other) return { blame: 'logic', in: 'result', real: `${call}: ${result}`, simulated: other };
  }
  return undefined;
}
