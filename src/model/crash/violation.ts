/** A promise that was broken. */
export interface Violation {
  /** Which: what findings are counted by. */
  readonly promise: string;
  /** What was promised and what there is, with names and calls. */
  readonly text: string;
}

export const quoted = (path: string): string => JSON.stringify(path);

/** Since when something is safe. */
export function since(call: number): string {
  return call === 0 ? 'safe from the start' : `safe since call ${call}`;
}

/** Bytes of a file and where they come from, for people. */
export const showByte = (byte: number): string => `0x${byte.toString(16).padStart(2, '0')}`;
