import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import {
  type Counterexample,
  counterexampleFileName,
  counterexampleFromText,
  counterexampleToText,
  type Finding,
  type Target,
} from '../check/index.ts';

/** The directory beside a test file in which its counterexamples are kept, unless another is named. */
export const DIRECTORY = 'counterexamples';

/** A counterexample, and its file as it is shown. */
export interface SavedCounterexample extends Counterexample {
  readonly file: string;
}

/** A directory of counterexamples: what is found is saved there, and runs first the next time. */
export class CounterexampleDirectory {
  readonly #directory: string;

  /** @param directory relative to that of the test file */
  constructor(testFile: string, directory: string = DIRECTORY) {
    this.#directory = resolve(dirname(testFile), directory);
  }

  /** Those of a target. @throws Error that names a file which cannot be read */
  of(target: string): readonly SavedCounterexample[] {
    if (!existsSync(this.#directory)) return [];
    return readdirSync(this.#directory)
      .filter((name) => name.endsWith('.json'))
      .sort()
      .map((name) => readCounterexample(join(this.#directory, name)))
      .filter((saved) => saved.target === target);
  }

  /** Saves a finding; the line says where, or why it could not be saved. */
  save(
    { name, daemon }: Pick<Target, 'name' | 'daemon'>,
    finding: Finding,
  ): { readonly line: string; readonly file?: string } {
    const path = join(this.#directory, counterexampleFileName(name, finding));
    try {
      mkdirSync(this.#directory, { recursive: true });
      writeFileSync(path, counterexampleToText({ ...finding, target: name, daemon }));
      return { line: `saved: ${shown(path)}`, file: shown(path) };
    } catch (error) {
      return { line: `not saved: ${(error as Error).message}; name another directory with the option "save"` };
    }
  }
}

/** Reads one file. @throws Error that names it, and what is wrong with it */
export function readCounterexample(path: string): SavedCounterexample {
  try {
    return { ...counterexampleFromText(readFileSync(path, 'utf8')), file: shown(path) };
  } catch (error) {
    throw new Error(`${shown(path)}: expected a counterexample of estale: ${(error as Error).message}`);
  }
}

/** As one would type it where the tests run. */
const shown = (path: string): string => {
  const short = relative(process.cwd(), path);
  return short.startsWith('..') ? path : short;
};
