import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { counterexampleFileName, counterexampleToText, type Finding, type Target } from '../check/index.ts';
import { UsageError } from './usage.ts';

/** Where counterexamples go if nobody says. */
export const DEFAULT_DIRECTORY = 'counterexamples';

/** The directory into which findings are written, made when there is one. */
export class CounterexampleFolder {
  readonly directory: string;
  readonly #warn: (line: string) => void;
  #usable = true;

  /**
   * A directory that was `asked` for must be usable. @throws UsageError where it is not; the default one that is not is
   * told to `warn` once, and the findings are not saved.
   */
  constructor(asked: string | undefined, warn: (line: string) => void) {
    this.directory = asked ?? DEFAULT_DIRECTORY;
    this.#warn = warn;
    if (asked === undefined) return;
    try {
      mkdirSync(asked, { recursive: true });
    } catch (error) {
      throw new UsageError(`--save: cannot make the directory ${asked}: ${(error as Error).message}`);
    }
  }

  /** Writes a finding as a file; gives its path, undefined where it cannot be written. The same finding has the same name. */
  save({ name, daemon }: Pick<Target, 'name' | 'daemon'>, finding: Finding): string | undefined {
    return this.write(
      counterexampleFileName(name, finding),
      counterexampleToText({ ...finding, target: name, daemon }),
    );
  }

  /** Writes the text of a counterexample; as `save`. */
  write(file: string, text: string): string | undefined {
    if (!this.#usable) return undefined;
    const path = join(this.directory, file);
    try {
      mkdirSync(this.directory, { recursive: true });
      writeFileSync(path, text);
      return path;
    } catch (error) {
      this.#usable = false;
      this.#warn(`counterexamples are not saved: ${(error as Error).message}; name another directory with --save`);
      return undefined;
    }
  }
}
