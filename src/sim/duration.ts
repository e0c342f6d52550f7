/** Milliseconds, virtual in a simulation: always the same, or drawn. */
export type Duration =
  | number
  /** Between two, all alike. */
  | { readonly uniform: readonly [number, number] }
  /** With this mean. */
  | { readonly exponential: number }
  /** Mean and standard deviation; never below 0. */
  | { readonly normal: readonly [number, number] }
  /** The least, and the shape (the smaller, the longer the tail; above 0). */
  | { readonly pareto: readonly [number, number] };

/** Milliseconds of a duration; `draw` gives numbers from 0 up to 1 for a purpose. */
export function milliseconds(duration: Duration, draw: (purpose: string) => number): number {
  if (typeof duration === 'number') return duration;
  // Never 0, of which there is no logarithm.
  const u = 1 - draw('duration');
  if ('uniform' in duration) {
    const [least, most] = duration.uniform;
    return least + (1 - u) * (most - least);
  }
  if ('exponential' in duration) return -Math.log(u) * duration.exponential;
  if ('pareto' in duration) {
    const [least, shape] = duration.pareto;
    return least / u ** (1 / shape);
  }
  const [mean, deviation] = duration.normal;
  // Box and Muller.
  const deviate = Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * draw('duration, second'));
  return Math.max(0, mean + deviation * deviate);
}
