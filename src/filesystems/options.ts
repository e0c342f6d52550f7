import type { FileSystemOptions } from '../env/index.ts';

const units: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

const given = (value: unknown): string => (typeof value === 'string' ? `'${value}'` : String(value));

/** A count from an option: an integer, or as in tmpfs(5) digits with k, m, g or t behind them. */
export function countOption(options: FileSystemOptions, name: string, initial: number): number {
  const value = options[name];
  if (value === undefined) return initial;
  const match = typeof value === 'string' ? /^(\d+)([kmgt]?)$/i.exec(value) : null;
  const count = match ? Number(match[1]) * units[match[2].toLowerCase()] : value;
  if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 0)
    throw new TypeError(
      `option ${name}: expected an integer from 0 to 2^53 - 1, or digits with k, m, g or t behind them, given ${given(value)}`,
    );
  return count;
}

/** A switch from an option: a boolean, or its name. */
export function switchOption(options: FileSystemOptions, name: string, initial: boolean): boolean {
  const value = options[name];
  if (value === undefined) return initial;
  if (value === true || value === 'true') return true;
  if (value === false || value === 'false') return false;
  throw new TypeError(`option ${name}: expected true or false, given ${given(value)}`);
}

/** A text from an option. */
export function textOption(options: FileSystemOptions, name: string, initial: string): string {
  const value = options[name];
  if (value === undefined) return initial;
  if (typeof value === 'string') return value;
  throw new TypeError(`option ${name}: expected a string, given ${given(value)}`);
}

/** Refuses options that nobody reads: a misspelt one would go unnoticed. */
export function refuseUnknownOptions(filesystem: string, options: FileSystemOptions, known: readonly string[]): void {
  for (const name of Object.keys(options))
    if (!known.includes(name))
      throw new TypeError(`${filesystem}: unknown option '${name}', expected one of: ${known.join(', ') || 'none'}`);
}
