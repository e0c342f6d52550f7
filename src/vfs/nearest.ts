/** The candidate that is most like `given` (fewest edits, at most a third of its length), for "did you mean"; else undefined. */
export function nearest(given: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let fewest = Math.max(1, Math.floor(given.length / 3)) + 1;
  for (const candidate of candidates) {
    const edits = distance(given.toLowerCase(), candidate.toLowerCase());
    if (edits < fewest) {
      fewest = edits;
      best = candidate;
    }
  }
  return best;
}

/** Edits from one text to the other: insertions, deletions, substitutions, and neighbours that changed places. */
function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  let beforePrevious = previous;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const transposition = swapped ? beforePrevious[j - 2] + 1 : Number.POSITIVE_INFINITY;
      row.push(Math.min(previous[j] + 1, row[j - 1] + 1, substitution, transposition));
    }
    beforePrevious = previous;
    previous = row;
  }
  return previous[b.length];
}

/** ` (did you mean "x"?)`, or nothing where no candidate is near. */
export function didYouMean(given: string, candidates: Iterable<string>): string {
  const candidate = nearest(given, candidates);
  return candidate === undefined ? '' : ` (did you mean "${candidate}"?)`;
}
