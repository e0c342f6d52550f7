import { arrayAt, FormatError, objectAt, stringAt } from './json.ts';

/** A divergence that is known and accepted: it is listed, but not a finding. */
export interface KnownDivergence {
  readonly signature: string;
  readonly note?: string;
}

/** The text of a file of known divergences. */
export function knownToText(known: readonly KnownDivergence[]): string {
  return `${JSON.stringify({ format: 'estale known divergences', version: 1, known }, undefined, 2)}\n`;
}

/** Reads a file of known divergences. @throws {FormatError} that names the place, what is expected there and what is given. */
export function knownFromText(text: string): readonly KnownDivergence[] {
  const file = objectAt('file', JSON.parse(text));
  if (file.format !== 'estale known divergences')
    throw new FormatError('file.format', '"estale known divergences"', file.format);
  if (file.version !== 1) throw new FormatError('file.version', '1', file.version);
  return arrayAt('file.known', file.known).map((item, i) => {
    const { signature, note } = objectAt(`file.known[${i}]`, item);
    const plain = { signature: stringAt(`file.known[${i}].signature`, signature) };
    return note === undefined ? plain : { ...plain, note: stringAt(`file.known[${i}].note`, note) };
  });
}
