/**
 * What a filesystem promises about operations that run side by side; docs/consistency.md defines each. `seconds`: by how much
 * what is seen may lie behind.
 */
export type Level =
  | { readonly kind: 'linearizable' }
  | { readonly kind: 'close-to-open' }
  | { readonly kind: 'attribute-cache'; readonly seconds: number }
  | { readonly kind: 'process-order' }
  | { readonly kind: 'eventual' };

export type LevelName = Level['kind'];

export const levelNames: readonly LevelName[] = [
  'linearizable',
  'close-to-open',
  'attribute-cache',
  'process-order',
  'eventual',
];

/** The level as the command line has it: `attribute-cache:1`. */
export function showLevel(level: Level): string {
  return level.kind === 'attribute-cache' ? `${level.kind}:${level.seconds}` : level.kind;
}

/** Reads what `showLevel` writes; undefined for anything else. */
export function parseLevel(text: string): Level | undefined {
  const bounded = /^attribute-cache:(\d+(?:\.\d+)?)$/.exec(text);
  if (bounded !== null) return { kind: 'attribute-cache', seconds: Number(bounded[1]) };
  const kind = levelNames.find((name) => name === text);
  return kind === undefined || kind === 'attribute-cache' ? undefined : { kind };
}

/** Every level, the strongest first; names and attributes may lie behind by `seconds`. */
export function ladder(seconds: number): readonly Level[] {
  return levelNames.map((kind) => (kind === 'attribute-cache' ? { kind, seconds } : { kind }));
}
