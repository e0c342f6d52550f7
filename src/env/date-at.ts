/** A Date of a moment that is known, milliseconds since 1970: it reads no clock. */
export const dateAt = (milliseconds: number): Date => new Date(milliseconds);
