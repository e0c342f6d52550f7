import { reportOnStandardError } from '../check/reporter.ts';

const WIDTH = 24;
const CLEAR_LINE = '\r\x1b[K';
const PLAIN_INTERVAL = 10_000;

/** Tells how far a command is: a bar on a terminal, now and then a plain line elsewhere; on standard error. */
export class ProgressLine {
  readonly #stream = process.stderr;
  readonly #terminal = process.stderr.isTTY === true;
  #shown = false;
  #last = performance.now();

  /** `fraction` from 0 to 1, or undefined where there is no end in sight. */
  update(fraction: number | undefined, text: string): void {
    const now = performance.now();
    if (this.#terminal) {
      if (now - this.#last < 80) return;
      this.#last = now;
      this.#shown = true;
      this.#stream.write(`${CLEAR_LINE}${fraction === undefined ? '' : `${bar(fraction)} `}${text}`);
    } else if (now - this.#last >= PLAIN_INTERVAL) {
      this.#last = now;
      this.#stream.write(`${text}\n`);
    }
  }

  /** Takes the bar away, so that something else can be printed. */
  clear(): void {
    if (this.#shown) this.#stream.write(CLEAR_LINE);
    this.#shown = false;
  }
}

function bar(fraction: number): string {
  const full = Math.max(0, Math.min(WIDTH, Math.round(fraction * WIDTH)));
  return `[${'='.repeat(full)}${' '.repeat(WIDTH - full)}]`;
}

/** Tells what is wrong with a filesystem, in the place of the bar. */
export function tellProblem(problem: string, error?: unknown): void {
  if (process.stderr.isTTY) process.stderr.write(CLEAR_LINE);
  reportOnStandardError(problem, error);
}
