import type { CheckOptions, Finding, Report } from './campaign.ts';
import type { Failure } from './runner.ts';
import { rawKey } from './signature.ts';

/** Divergences that look the same before shrinking are shrunk this often, to see whether they are the same. */
export const SHRINKS_PER_KEY = 4;

/** What a campaign has found: it is told of failures, and then of findings, in the order of their programs. */
export class Discoveries {
  readonly #known: ReadonlySet<string>;
  readonly #onFinding: CheckOptions['onFinding'];
  readonly #findings = new Map<string, Finding>();
  readonly #shrinks = new Map<string, number>();

  constructor({ known, onFinding }: Pick<CheckOptions, 'known' | 'onFinding'>) {
    this.#known = new Set(known?.map(({ signature }) => signature));
    this.#onFinding = onFinding;
  }

  /** Different ones, known ones included. */
  get count(): number {
    return this.#findings.size;
  }

  /** Whether a failure is to be shrunk; it counts as one that is. */
  wants(failure: Failure): boolean {
    const key = rawKey(failure);
    const shrinks = this.#shrinks.get(key) ?? 0;
    if (shrinks >= SHRINKS_PER_KEY) return false;
    this.#shrinks.set(key, shrinks + 1);
    return true;
  }

  add(finding: Finding): void {
    const { signature } = finding;
    if (this.#findings.has(signature)) return;
    this.#findings.set(signature, finding);
    if (!this.#known.has(signature)) this.#onFinding?.(finding);
  }

  /** What the campaign, which took so many milliseconds, came to. */
  report(
    { target, seed, runs, calls, faults, isSpent }: Omit<Report, 'callsPerSecond' | 'findings' | 'known'>,
    milliseconds: number,
  ): Report {
    const all = [...this.#findings.values()];
    return {
      target,
      seed,
      runs,
      calls,
      callsPerSecond: milliseconds > 0 ? Math.round((calls * 1000) / milliseconds) : 0,
      findings: all.filter(({ signature }) => !this.#known.has(signature)),
      known: all.filter(({ signature }) => this.#known.has(signature)),
      faults,
      isSpent,
    };
  }
}
