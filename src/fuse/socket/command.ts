import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

/** Where the mount point stands in a command, and where the daemon's directory does. */
export const MOUNT_POINT = '{fuse}';
export const BACKING = '{backing}';

/** A command line that cannot be run as one of a daemon; the message says what to do. */
export class DaemonCommandError extends Error {
  override readonly name = 'DaemonCommandError';
}

/**
 * The words of a command line, as a shell tells them apart: quotes ('...', "...") and backslashes are known, nothing else.
 * A program that is named by a relative path is made absolute, as seen from `directory`.
 *
 * @throws {DaemonCommandError} that says what is missing
 */
export function commandWords(command: string, directory: string): readonly string[] {
  const words = split(command);
  const [program] = words;
  if (program === undefined)
    throw new DaemonCommandError(`--daemon: expected a command such as 'passthrough_ll ${MOUNT_POINT}', given nothing`);
  if (!words.some((word) => word.includes(MOUNT_POINT)))
    throw new DaemonCommandError(
      `--daemon: expected ${MOUNT_POINT} where the mount point stands in the command, given ${command}`,
    );
  if (!program.includes('/')) return words;
  const path = resolve(directory, program);
  if (!existsSync(path)) throw new DaemonCommandError(`--daemon: there is no program ${path}`);
  return [path, ...words.slice(1)];
}

function split(command: string): readonly string[] {
  const words: string[] = [];
  const token = /\s*((?:[^\s'"\\]|\\[\s\S]|'[^']*'|"(?:[^"\\]|\\[\s\S])*")+)/y;
  let end = 0;
  for (let match = token.exec(command); match !== null; match = token.exec(command)) {
    words.push(unquoted(match[1]));
    end = token.lastIndex;
  }
  const rest = command.slice(end).trim();
  if (rest !== '') throw new DaemonCommandError(`--daemon: a quote is not closed in ${command}`);
  return words;
}

const unquoted = (word: string): string =>
  word.replace(/\\([\s\S])|'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"/g, (_, escaped, single, double) =>
    double === undefined ? (escaped ?? single) : double.replace(/\\([\\"$`])/g, '$1'),
  );

/** The words with the places filled in. */
export function fillIn(words: readonly string[], mountPoint: string, backing: string): readonly string[] {
  return words.map((word) => word.replaceAll(MOUNT_POINT, mountPoint).replaceAll(BACKING, backing));
}

/** What in the words may be names of files: whole words, and what stands behind `=`, `:` and `,` in them. */
export function namesIn(words: readonly string[]): readonly string[] {
  return [...new Set(words.flatMap((word) => [word, ...word.split(/[=:,]/)]))].filter(
    (name) => name !== '' && !name.includes(MOUNT_POINT) && !name.includes(BACKING),
  );
}
