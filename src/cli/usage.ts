import { type ParseArgsConfig, parseArgs } from 'node:util';
import { didYouMean } from '../vfs/index.ts';

/** The command line, or a file that it names, is wrong: exit code 2, and the message says what to do instead. */
export class UsageError extends Error {}

export const exitCode = { nothingFound: 0, found: 1, usage: 2, notLive: 3 } as const;

type Options = NonNullable<ParseArgsConfig['options']>;

type Parsed<O extends Options> = ReturnType<typeof parseArgs<{ options: O; allowPositionals: true; args: string[] }>>;

/** `parseArgs` of node:util whose errors name the option, what is expected and the nearest one. */
export function parseOptions<const O extends Options>(command: string, args: string[], options: O): Parsed<O> {
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const unknown = /Unknown option '(-[^']*)'/.exec(message)?.[1];
    if (unknown !== undefined) {
      const known = Object.keys(options).map((name) => `--${name}`);
      throw new UsageError(
        `${command}: unknown option ${unknown}${didYouMean(unknown, known)}; it takes ${known.join(' ') || 'none'}`,
      );
    }
    throw new UsageError(`${command}: ${message.split('\n')[0]}`);
  }
}

/** The one file that a command takes. */
export function oneFile(command: string, positionals: readonly string[]): string {
  if (positionals.length !== 1)
    throw new UsageError(`${command}: expected one file, given ${positionals.join(' ') || 'none'}`);
  return positionals[0];
}

/** A whole number given as an option, within bounds. */
export function wholeNumber(option: string, text: string, least: number, most: number): number {
  const value = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most))
    throw new UsageError(`--${option}: expected a whole number from ${least} to ${most}, given "${text}"`);
  return value;
}

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A span of time such as `500ms`, `10s`, `2m`, `1h` (a bare number: seconds), above 0, in milliseconds. */
export function duration(option: string, text: string): number {
  const match = /^([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)?$/.exec(text);
  if (!match || Number(match[1]) === 0)
    throw new UsageError(`--${option}: expected a time such as 500ms, 10s, 2m or 1h, given "${text}"`);
  return Number(match[1]) * units[match[2] ?? 's'];
}

/** Why a file could not be read or understood, without what is there already: the path. */
export function whyUnread(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return 'no such file';
  if (code === 'EISDIR') return 'expected a file, it is a directory';
  if (error instanceof SyntaxError) return `expected JSON: ${error.message.replace(/\s+/g, ' ')}`;
  return error.message;
}
