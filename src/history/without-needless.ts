/**
 * Delta debugging (Zeller and Hildebrandt 2002): leaves out parts, halves first, down to single items, and goes on with what
 * is left as long as it is still so. Yields what it asks about, takes the answer, returns what is left.
 */
function* reduce<Item>(items: readonly Item[]): Generator<readonly Item[], readonly Item[], boolean> {
  let kept = items;
  let size = Math.max(1, items.length >>> 1);
  for (;;) {
    let progress = false;
    for (let at = 0; at < kept.length; ) {
      const fewer = kept.toSpliced(at, size);
      if (yield fewer) {
        kept = fewer;
        progress = true;
      } else at += size;
    }
    if (size === 1 && !progress) return kept;
    size = Math.max(1, size >>> 1);
  }
}

/** The items without those that it does not take. */
export function withoutNeedlessNow<Item>(
  items: readonly Item[],
  stillSo: (items: readonly Item[]) => boolean,
): readonly Item[] {
  const steps = reduce(items);
  let step = steps.next(false);
  while (!step.done) step = steps.next(stillSo(step.value));
  return step.value;
}

/** The same where finding out takes time. */
export async function withoutNeedless<Item>(
  items: readonly Item[],
  stillSo: (items: readonly Item[]) => Promise<boolean>,
): Promise<readonly Item[]> {
  const steps = reduce(items);
  let step = steps.next(false);
  while (!step.done) step = steps.next(await stillSo(step.value));
  return step.value;
}
