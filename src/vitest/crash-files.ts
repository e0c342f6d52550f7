import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import {
  CRASH_FORMAT,
  type CrashCounterexample,
  counterexampleFileName,
  crashFromText,
  crashToText,
} from '../check/index.ts';
import { DIRECTORY } from './counterexamples.ts';

export interface SavedCrash extends CrashCounterexample {
  readonly file: string;
}

/** Below the counterexamples of a test file: their format is another one. */
const BELOW = 'crashes';

/** Reads a file; undefined where it is one of another check. @throws Error that names it, and what is wrong with it */
export function readCrash(path: string): SavedCrash | undefined {
  try {
    const text = readFileSync(path, 'utf8');
    const { format } = JSON.parse(text) as { readonly format?: unknown };
    return format === CRASH_FORMAT ? { ...crashFromText(text), file: relative(process.cwd(), path) } : undefined;
  } catch (error) {
    throw new Error(`${path}: expected a counterexample of estale: ${(error as Error).message}`);
  }
}

/** The crashes that are kept beside a test file. */
export class CrashDirectory {
  readonly #directory: string;

  /** @param directory relative to that of the test file */
  constructor(testFile: string, directory: string = DIRECTORY) {
    this.#directory = resolve(dirname(testFile), directory, BELOW);
  }

  of(target: string): readonly SavedCrash[] {
    if (!existsSync(this.#directory)) return [];
    const files = readdirSync(this.#directory).filter((name) => name.endsWith('.json'));
    return files
      .sort()
      .flatMap((name) => readCrash(join(this.#directory, name)) ?? [])
      .filter((saved) => saved.target === target);
  }

  /** Saves a finding; gives its file. */
  save(counterexample: CrashCounterexample): string {
    const { target, violation } = counterexample;
    const path = join(this.#directory, counterexampleFileName(target, { signature: violation.promise }));
    mkdirSync(this.#directory, { recursive: true });
    writeFileSync(path, crashToText(counterexample));
    return relative(process.cwd(), path);
  }
}
